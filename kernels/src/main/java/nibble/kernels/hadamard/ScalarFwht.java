package nibble.kernels.hadamard;

/** The specification: one pass over the row per stage. */
final class ScalarFwht implements Fwht {

  @Override
  public void transform(int rows, int n, float[] x, int xOffset, float scale) {
    Fwht.checkLength(n);
    for (int r = 0; r < rows; r++) {
      int at = xOffset + r * n;
      for (int stride = 1; stride < n; stride *= 2) {
        for (int block = at; block < at + n; block += 2 * stride) {
          for (int i = block; i < block + stride; i++) {
            float a = x[i];
            float b = x[i + stride];
            x[i] = a + b;
            x[i + stride] = a - b;
          }
        }
      }
      for (int i = at; i < at + n; i++) {
        x[i] *= scale;
      }
    }
  }
}
