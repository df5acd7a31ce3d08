package nibble.quant.ptq4vit;

import nibble.tensor.Tensor;

/**
 * The ordinary quantizer of PTQ4ViT: {@code s clamp(rint(x / s), -Q, Q - 1)} with {@code Q =
 * 2^(b-1)}.
 */
record SymmetricGrid(int bits) {
  private static final float ROUND = 0x1.8p23f;

  /** {@code max|x| / (Q - 1/2)}; 1 where all are 0. */
  float first(float[] x, int from, int to) {
    float largest = 0;
    for (int i = from; i < to; i++) {
      largest = Math.max(largest, Math.abs(x[i]));
    }
    return largest > 0 ? Math.max(largest / ((1 << (bits - 1)) - 0.5f), Float.MIN_NORMAL) : 1f;
  }

  float[] fakeQuantize(float[] x, float scale) {
    float high = (1 << (bits - 1)) - 1;
    float[] result = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      float clamped = Math.max(-high - 1, Math.min(high, x[i] / scale));
      result[i] = (clamped + ROUND - ROUND) * scale;
    }
    return result;
  }

  Tensor fakeQuantize(Tensor x, float scale) {
    return Tensor.of(fakeQuantize(x.toFloats(), scale), x.shape().dims());
  }
}
