package nibble.quant.cbq;

import java.util.Arrays;

/**
 * Outliers among magnitudes, found coarsely by quartiles, then finely by the best split (CBQ's
 * coarse-to-fine preprocessing):
 *
 * <pre>{@code
 * coarse   T = Q3 + 1.5 (Q3 - Q1) of all |x|                candidates O = {|x| > T}
 * fine     O = reserved + outliers, in order, with the largest M = (min outliers - max reserved)^2 - Var(reserved)
 * }</pre>
 *
 * <p>Details are from memory (the paper's code is not public). Our choice: the largest value that
 * is no candidate counts as reserved, so that a single outlier has a gap; and a split counts only
 * if M is more than {@code (Q3 - Q1)^2}, since a single reserved value has no variance and any gap
 * would do.
 *
 * @param threshold T
 * @param bound largest magnitude that is not an outlier
 * @param count number of outliers; 0 for none
 */
public record Outliers(float threshold, float bound, int count) {

  /** Those of {@code values}, of which only the magnitudes count. */
  public static Outliers of(float[] values) {
    float[] sorted = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      sorted[i] = Math.abs(values[i]);
    }
    Arrays.sort(sorted);
    if (sorted.length == 0) {
      return new Outliers(0, 0, 0);
    }
    float first = quantile(sorted, 0.25);
    float third = quantile(sorted, 0.75);
    float threshold = third + 1.5f * (third - first);
    int from = sorted.length;
    while (from > 0 && sorted[from - 1] > threshold) {
      from--;
    }
    int split = split(sorted, Math.max(0, from - 1), (double) third - first);
    return new Outliers(threshold, sorted[split - 1], sorted.length - split);
  }

  /** The middle of the values around a share of a sorted list, in a straight line between them. */
  private static float quantile(float[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int low = (int) at;
    int high = Math.min(sorted.length - 1, low + 1);
    return (float) (sorted[low] + (at - low) * (sorted[high] - sorted[low]));
  }

  /** Where the outliers begin, beyond {@code from}; the length for none. */
  private static int split(float[] sorted, int from, double quartiles) {
    int best = sorted.length;
    double most = quartiles * quartiles;
    double sum = 0;
    double squares = 0;
    for (int i = from; i + 1 < sorted.length; i++) {
      sum += sorted[i];
      squares += (double) sorted[i] * sorted[i];
      int reserved = i + 1 - from;
      double mean = sum / reserved;
      double variance = Math.max(0, squares / reserved - mean * mean);
      double gap = (double) sorted[i + 1] - sorted[i];
      double merit = gap * gap - variance;
      if (merit > most) {
        most = merit;
        best = i + 1;
      }
    }
    return best;
  }
}
