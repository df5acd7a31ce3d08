package nibble.kernels.rowwise;

/** The specification: sums in double. */
final class ScalarReductions implements Reductions {

  @Override
  public float sum(int count, float[] x, int xOffset) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += x[xOffset + i];
    }
    return (float) sum;
  }

  @Override
  public float dot(int count, float[] a, int aOffset, float[] b, int bOffset) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += (double) a[aOffset + i] * b[bOffset + i];
    }
    return (float) sum;
  }

  @Override
  public float sumOfSquares(int count, float[] x, int xOffset) {
    return dot(count, x, xOffset, x, xOffset);
  }

  @Override
  public float squaredDistance(int count, float[] a, int aOffset, float[] b, int bOffset) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      double d = (double) a[aOffset + i] - b[bOffset + i];
      sum += d * d;
    }
    return (float) sum;
  }

  @Override
  public float maxAbs(int count, float[] x, int xOffset) {
    float max = 0;
    for (int i = 0; i < count; i++) {
      max = Math.max(max, Math.abs(x[xOffset + i]));
    }
    return max;
  }

  @Override
  public float min(int count, float[] x, int xOffset) {
    float min = Float.POSITIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      min = Math.min(min, x[xOffset + i]);
    }
    return min;
  }

  @Override
  public float max(int count, float[] x, int xOffset) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      max = Math.max(max, x[xOffset + i]);
    }
    return max;
  }

  @Override
  public void addColumnSums(
      int rows, int columns, float[] x, int xOffset, float[] sums, int sumsOffset) {
    for (int c = 0; c < columns; c++) {
      double sum = sums[sumsOffset + c];
      for (int r = 0; r < rows; r++) {
        sum += x[xOffset + r * columns + c];
      }
      sums[sumsOffset + c] = (float) sum;
    }
  }

  @Override
  public void columnMaxAbs(
      int rows, int columns, float[] x, int xOffset, float[] maxima, int maximaOffset) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        maxima[maximaOffset + c] =
            Math.max(maxima[maximaOffset + c], Math.abs(x[xOffset + r * columns + c]));
      }
    }
  }

  @Override
  public void columnMinMax(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] minima,
      int minimaOffset,
      float[] maxima,
      int maximaOffset) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        float value = x[xOffset + r * columns + c];
        minima[minimaOffset + c] = Math.min(minima[minimaOffset + c], value);
        maxima[maximaOffset + c] = Math.max(maxima[maximaOffset + c], value);
      }
    }
  }
}
