package nibble.kernels.hadamard;

import nibble.kernels.parallel.Scratch;

/** The specification: sums in double, one column at a time. */
final class ScalarFactorProduct implements FactorProduct {

  @Override
  public void multiply(
      float[] h, int order, int columns, float[] x, int xOffset, float scale, Scratch scratch) {
    float[] column = scratch.floats(15, order);
    for (int c = 0; c < columns; c++) {
      for (int j = 0; j < order; j++) {
        column[j] = x[xOffset + j * columns + c];
      }
      for (int i = 0; i < order; i++) {
        double sum = 0;
        for (int j = 0; j < order; j++) {
          sum += (double) h[i * order + j] * column[j];
        }
        x[xOffset + i * columns + c] = (float) (scale * sum);
      }
    }
  }
}
