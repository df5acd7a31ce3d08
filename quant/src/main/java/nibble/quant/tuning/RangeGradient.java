package nibble.quant.tuning;

/**
 * The derivative of fake quantization through the range of its grid. Rounding passes gradients
 * unchanged; the scale follows the extremes of the values that share it:
 *
 * <pre>{@code
 * y = s (rint(x / s) ...)      dL/ds = sum g (y - x) / s
 * symmetric    s ~ max|x|      the value of largest magnitude gets  sum g (y - x) / x
 * asymmetric   s ~ hi - lo     hi = max(0, x) gets  sum g (y - x) / (hi - lo),  lo = min(0, x) the opposite
 * }</pre>
 *
 * <p>So {@code sum x dL/dx = sum y dL/dy}, as for any function with {@code f(a x) = a f(x)}. The
 * rounding of zero points is passed over.
 */
final class RangeGradient {
  private RangeGradient() {}

  /**
   * Adds it for {@code count} values that share a scale.
   *
   * @param x values, from {@code xAt}
   * @param y what they were rounded to, from {@code yAt}
   * @param g gradient of y, from {@code gAt}
   * @param grad gradient of x, from {@code gradAt}
   */
  static void add(
      float[] x,
      int xAt,
      float[] y,
      int yAt,
      float[] g,
      int gAt,
      float[] grad,
      int gradAt,
      int count,
      boolean symmetric) {
    int high = 0;
    int low = 0;
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += (double) g[gAt + i] * (y[yAt + i] - x[xAt + i]);
      high = x[xAt + i] > x[xAt + high] ? i : high;
      low = x[xAt + i] < x[xAt + low] ? i : low;
    }
    double hi = Math.max(0, x[xAt + high]);
    double lo = Math.min(0, x[xAt + low]);
    if (hi == lo) {
      return;
    }
    if (symmetric) {
      int at = hi >= -lo ? high : low;
      grad[gradAt + at] += (float) (sum / x[xAt + at]);
      return;
    }
    float each = (float) (sum / (hi - lo));
    if (hi > 0) {
      grad[gradAt + high] += each;
    }
    if (lo < 0) {
      grad[gradAt + low] -= each;
    }
  }
}
