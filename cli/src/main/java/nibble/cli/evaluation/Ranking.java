package nibble.cli.evaluation;

import nibble.tensor.Tensor;

/**
 * Which class has which place by logit. Equal logits: the smaller index comes first. NaN comes
 * last.
 */
public final class Ranking {
  private Ranking() {}

  /** Index of the largest of {@code logits[offset .. offset + classes - 1]}, from 0. */
  public static int best(float[] logits, int offset, int classes) {
    int best = 0;
    for (int c = 1; c < classes; c++) {
      if (logits[offset + c] > logits[offset + best]
          || Float.isNaN(logits[offset + best]) && !Float.isNaN(logits[offset + c])) {
        best = c;
      }
    }
    return best;
  }

  /** How many classes come before class {@code label}: 0 means it is the first choice. */
  public static int place(float[] logits, int offset, int classes, int label) {
    float own = logits[offset + label];
    int before = 0;
    for (int c = 0; c < classes; c++) {
      float other = logits[offset + c];
      if (other > own
          || other == own && c < label
          || Float.isNaN(own) && (!Float.isNaN(other) || c < label)) {
        before++;
      }
    }
    return before;
  }

  /** How many rows of {@code logits [n, classes]} have their largest value at the label. */
  public static int correct(Tensor logits, int[] labels) {
    float[] values = logits.toFloats();
    int classes = logits.dim(1);
    int correct = 0;
    for (int i = 0; i < labels.length; i++) {
      correct += best(values, i * classes, classes) == labels[i] ? 1 : 0;
    }
    return correct;
  }
}
