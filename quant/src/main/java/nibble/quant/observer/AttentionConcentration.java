package nibble.quant.observer;

import java.util.Arrays;

/**
 * How much the tokens of a sequence count, by how much attention goes to them (RSQ, <a
 * href="https://arxiv.org/abs/2503.01820">arXiv:2503.01820</a>, with the authors' code):
 *
 * <pre>{@code
 * c[t] = sum over heads and queries of softmax attention to key t
 * r[t] = (c[t] - min c) / (max c - min c) (1 - least) + least      then divided by its mean
 * }</pre>
 *
 * <p>Where all tokens get the same attention they count alike.
 *
 * @param least weight of the token with the least attention, relative to the one with the most;
 *     above 0, at most 1
 */
public record AttentionConcentration(double least) {
  public AttentionConcentration {
    if (!(least > 0 && least <= 1)) {
      throw new IllegalArgumentException(
          "the least weight of a token must be above 0 and at most 1, was " + least);
    }
  }

  /** The weights for column sums {@code c} of one sequence; their mean is 1. */
  public float[] weights(double[] c) {
    double min = Arrays.stream(c).min().orElse(0);
    double max = Arrays.stream(c).max().orElse(0);
    double[] r = new double[c.length];
    double sum = 0;
    for (int t = 0; t < c.length; t++) {
      r[t] = max > min ? (c[t] - min) / (max - min) * (1 - least) + least : 1;
      sum += r[t];
    }
    float[] weights = new float[c.length];
    for (int t = 0; t < c.length; t++) {
      weights[t] = (float) (r[t] * c.length / sum);
    }
    return weights;
  }

  /**
   * The column sums of attention maps.
   *
   * @param probabilities {@code [rows, keys]} from {@code offset} on: the rows of all heads and
   *     queries of one sequence
   */
  public static double[] columnSums(float[] probabilities, int offset, int rows, int keys) {
    double[] sums = new double[keys];
    for (int row = 0; row < rows; row++) {
      for (int key = 0; key < keys; key++) {
        sums[key] += probabilities[offset + row * keys + key];
      }
    }
    return sums;
  }
}
