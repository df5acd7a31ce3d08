package nibble.kernels.rowwise;

import nibble.kernels.platform.VectorSupport;

/**
 * Sums and extremes of arrays. The order of additions is not fixed: sums differ between
 * implementations within the usual rounding bound, extremes do not differ. NaN among the elements
 * makes every result NaN.
 */
public interface Reductions {

  /** Sum of {@code count} elements; 0 if there are none. */
  float sum(int count, float[] x, int xOffset);

  /** {@code sum a[i] * b[i]}. */
  float dot(int count, float[] a, int aOffset, float[] b, int bOffset);

  /** {@code sum x[i]^2}. */
  float sumOfSquares(int count, float[] x, int xOffset);

  /** {@code sum (a[i] - b[i])^2}. */
  float squaredDistance(int count, float[] a, int aOffset, float[] b, int bOffset);

  /** Largest absolute value; 0 if there are no elements. */
  float maxAbs(int count, float[] x, int xOffset);

  /** Smallest element; plus infinity if there are none. */
  float min(int count, float[] x, int xOffset);

  /** Largest element; minus infinity if there are none. */
  float max(int count, float[] x, int xOffset);

  /**
   * {@code sums[c] += sum over r of x[r, c]} for {@code x [rows, columns]}: the gradient of a bias.
   */
  void addColumnSums(int rows, int columns, float[] x, int xOffset, float[] sums, int sumsOffset);

  /** {@code maxima[c] = max(maxima[c], |x[r, c]|)} over all rows of {@code x [rows, columns]}. */
  void columnMaxAbs(
      int rows, int columns, float[] x, int xOffset, float[] maxima, int maximaOffset);

  /**
   * {@code minima[c] = min(minima[c], x[r, c])} and {@code maxima[c] = max(maxima[c], x[r, c])}
   * over all rows of {@code x [rows, columns]}.
   */
  void columnMinMax(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] minima,
      int minimaOffset,
      float[] maxima,
      int maximaOffset);

  /** The best implementation for this machine. */
  static Reductions best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final Reductions INSTANCE =
        VectorSupport.choose(() -> new VectorReductions(), () -> new ScalarReductions());

    private Best() {}
  }
}
