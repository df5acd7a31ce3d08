package nibble.quant.kvcache;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * K-means of weighted numbers (Lloyd's algorithm): centres that lower {@code sum w[i] (x[i] -
 * nearest centre)^2} step by step. Numbers are sorted once; after that a step costs {@code O(k log
 * n)}.
 */
final class WeightedKMeans {
  private final float[] x;
  private final double[] weights; // prefix sums
  private final double[] moments;

  /**
   * @param x numbers, at least one
   * @param w their weights, not negative; where all are 0, they count alike
   */
  WeightedKMeans(float[] x, float[] w) {
    int n = x.length;
    Integer[] order = IntStream.range(0, n).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble(i -> x[i]));
    double total = 0;
    for (float weight : w) {
      total += weight;
    }
    this.x = new float[n];
    weights = new double[n + 1];
    moments = new double[n + 1];
    for (int i = 0; i < n; i++) {
      this.x[i] = x[order[i]];
      double weight = total > 0 ? w[order[i]] : 1;
      weights[i + 1] = weights[i] + weight;
      moments[i + 1] = moments[i] + weight * this.x[i];
    }
  }

  /**
   * The centres after at most {@code iterations} steps from {@code start}, ascending. A centre
   * without numbers stays.
   */
  float[] fit(float[] start, int iterations) {
    float[] centres = start.clone();
    for (int step = 0; step < iterations; step++) {
      float[] next = step(centres);
      if (Arrays.equals(next, centres)) {
        break;
      }
      centres = next;
    }
    return centres;
  }

  private float[] step(float[] centres) {
    float[] next = centres.clone();
    int from = 0;
    for (int c = 0; c < centres.length; c++) {
      int to = c == centres.length - 1 ? x.length : above(0.5f * (centres[c] + centres[c + 1]));
      double weight = weights[to] - weights[from];
      if (weight > 0) {
        next[c] = (float) ((moments[to] - moments[from]) / weight);
      }
      from = to;
    }
    Arrays.sort(next);
    return next;
  }

  /** The first number above {@code threshold}. */
  private int above(float threshold) {
    int low = 0;
    int high = x.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (x[middle] <= threshold) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
