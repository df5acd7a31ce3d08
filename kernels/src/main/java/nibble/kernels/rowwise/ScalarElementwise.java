package nibble.kernels.rowwise;

/** The specification. */
final class ScalarElementwise implements Elementwise {

  @Override
  public void add(
      int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i++) {
      out[outOffset + i] = a[aOffset + i] + b[bOffset + i];
    }
  }

  @Override
  public void sub(
      int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i++) {
      out[outOffset + i] = a[aOffset + i] - b[bOffset + i];
    }
  }

  @Override
  public void mul(
      int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i++) {
      out[outOffset + i] = a[aOffset + i] * b[bOffset + i];
    }
  }

  @Override
  public void div(
      int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i++) {
      out[outOffset + i] = a[aOffset + i] / b[bOffset + i];
    }
  }

  @Override
  public void multiplyAdd(
      int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i++) {
      out[outOffset + i] = Math.fma(a[aOffset + i], b[bOffset + i], out[outOffset + i]);
    }
  }

  @Override
  public void axpy(int count, float alpha, float[] x, int xOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i++) {
      out[outOffset + i] = Math.fma(alpha, x[xOffset + i], out[outOffset + i]);
    }
  }

  @Override
  public void scale(int count, float factor, float[] x, int xOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i++) {
      out[outOffset + i] = factor * x[xOffset + i];
    }
  }

  @Override
  public void addRow(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] row,
      int rowOffset,
      float[] out,
      int outOffset) {
    for (int r = 0; r < rows; r++) {
      add(columns, x, xOffset + r * columns, row, rowOffset, out, outOffset + r * columns);
    }
  }

  @Override
  public void mulRow(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] row,
      int rowOffset,
      float[] out,
      int outOffset) {
    for (int r = 0; r < rows; r++) {
      mul(columns, x, xOffset + r * columns, row, rowOffset, out, outOffset + r * columns);
    }
  }

  @Override
  public void transpose(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      int xStride,
      float[] out,
      int outOffset,
      int outStride) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        out[outOffset + c * outStride + r] = x[xOffset + r * xStride + c];
      }
    }
  }
}
