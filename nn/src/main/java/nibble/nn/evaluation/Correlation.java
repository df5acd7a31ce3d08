package nibble.nn.evaluation;

import java.util.Arrays;

/** Correlation of two lists of numbers. */
public final class Correlation {
  private Correlation() {}

  /**
   * Spearman's rank correlation; equal numbers share the mean of their ranks. NaN if one list is
   * constant.
   *
   * @throws IllegalArgumentException if the lists differ in length, have fewer than two numbers, or
   *     one is NaN
   */
  public static double spearman(double[] a, double[] b) {
    check(a, b);
    return pearson(ranks(a), ranks(b));
  }

  /** Pearson's correlation; NaN if one list is constant. Errors as {@link #spearman}. */
  public static double pearson(double[] a, double[] b) {
    check(a, b);
    double meanA = Arrays.stream(a).average().orElseThrow();
    double meanB = Arrays.stream(b).average().orElseThrow();
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (a[i] - meanA) * (b[i] - meanB);
      aa += (a[i] - meanA) * (a[i] - meanA);
      bb += (b[i] - meanB) * (b[i] - meanB);
    }
    return ab / Math.sqrt(aa * bb);
  }

  private static void check(double[] a, double[] b) {
    if (a.length != b.length || a.length < 2) {
      throw new IllegalArgumentException(
          "a correlation needs two lists of equal length, at least 2; got %d and %d"
              .formatted(a.length, b.length));
    }
    if (Arrays.stream(a).anyMatch(Double::isNaN) || Arrays.stream(b).anyMatch(Double::isNaN)) {
      throw new IllegalArgumentException("a correlation needs numbers, a list holds NaN");
    }
  }

  private static double[] ranks(double[] values) {
    Integer[] order = new Integer[values.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (i, j) -> Double.compare(values[i], values[j]));
    double[] ranks = new double[values.length];
    for (int from = 0; from < order.length; ) {
      int to = from + 1;
      while (to < order.length && values[order[to]] == values[order[from]]) {
        to++;
      }
      for (int i = from; i < to; i++) {
        ranks[order[i]] = (from + to - 1) / 2.0;
      }
      from = to;
    }
    return ranks;
  }
}
