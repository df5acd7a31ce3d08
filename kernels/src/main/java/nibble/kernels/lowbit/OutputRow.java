package nibble.kernels.lowbit;

import org.jspecify.annotations.Nullable;

/** The last step of a product: the scale of the row and the bias. */
final class OutputRow {
  private OutputRow() {}

  /** {@code out = fma(y, scale, bias)} for {@code n} values. */
  static void write(
      int n,
      float[] y,
      int yAt,
      float scale,
      float @Nullable [] bias,
      int biasAt,
      float[] out,
      int outAt) {
    if (bias == null) {
      for (int i = 0; i < n; i++) {
        out[outAt + i] = Math.fma(y[yAt + i], scale, 0f);
      }
    } else {
      for (int i = 0; i < n; i++) {
        out[outAt + i] = Math.fma(y[yAt + i], scale, bias[biasAt + i]);
      }
    }
  }
}
