package nibble.kernels.rowwise;

import nibble.kernels.platform.VectorSupport;

/**
 * Element-by-element arithmetic on arrays, each result rounded once. {@code out} may be any input
 * at the same offset; other overlaps are not allowed.
 */
public interface Elementwise {

  /** {@code out = a + b}. */
  void add(int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset);

  /** {@code out = a - b}. */
  void sub(int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset);

  /** {@code out = a * b}. */
  void mul(int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset);

  /** {@code out = a / b}. */
  void div(int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset);

  /** {@code out += a * b}, fused. */
  void multiplyAdd(
      int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset);

  /** {@code out += alpha * x}, fused. */
  void axpy(int count, float alpha, float[] x, int xOffset, float[] out, int outOffset);

  /** {@code out = factor * x}. */
  void scale(int count, float factor, float[] x, int xOffset, float[] out, int outOffset);

  /** {@code out[r, :] = x[r, :] + row} for {@code x [rows, columns]} and {@code row [columns]}. */
  void addRow(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] row,
      int rowOffset,
      float[] out,
      int outOffset);

  /** {@code out[r, :] = x[r, :] * row} for {@code x [rows, columns]} and {@code row [columns]}. */
  void mulRow(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] row,
      int rowOffset,
      float[] out,
      int outOffset);

  /**
   * {@code out[c, r] = x[r, c]} for {@code x [rows, columns]} with row stride {@code xStride} and
   * {@code out [columns, rows]} with row stride {@code outStride}. {@code out} does not overlap
   * {@code x}.
   */
  void transpose(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      int xStride,
      float[] out,
      int outOffset,
      int outStride);

  /** The best implementation for this machine. */
  static Elementwise best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final Elementwise INSTANCE =
        VectorSupport.choose(() -> new VectorElementwise(), () -> new ScalarElementwise());

    private Best() {}
  }
}
