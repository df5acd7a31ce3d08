package nibble.quant.awq;

import java.util.Arrays;

/** The formula of AWQ's scales. */
final class AwqScales {
  private static final double FLOOR = 1e-4;

  private AwqScales() {}

  /**
   * {@code s = max(x^r, 1e-4)}, divided by {@code sqrt(max s min s)}, so that the geometric middle
   * of the extremes is 1. {@code r = 0} gives ones exactly.
   *
   * @param x mean absolute activation of each channel; a channel that was never active takes s = 1
   *     before the division (the authors' code: the floor)
   */
  static float[] of(double[] x, double r) {
    float[] s = new float[x.length];
    double least = Double.POSITIVE_INFINITY;
    double largest = 0;
    for (int j = 0; j < s.length; j++) {
      double scale = x[j] == 0 ? 1 : Math.max(Math.pow(x[j], r), FLOOR);
      s[j] = (float) scale;
      least = Math.min(least, scale);
      largest = Math.max(largest, scale);
    }
    if (least == largest) {
      Arrays.fill(s, 1);
      return s;
    }
    double middle = Math.sqrt(least * largest);
    for (int j = 0; j < s.length; j++) {
      s[j] = (float) (s[j] / middle);
    }
    return s;
  }
}
