package nibble.kernels.rowwise;

/** The specification; the vector kernel does the same operations in the same order. */
final class ScalarAdamW implements AdamW {

  @Override
  public void update(
      Step step,
      int count,
      float[] w,
      int wOffset,
      float[] g,
      int gOffset,
      float[] m,
      int mOffset,
      float[] v,
      int vOffset) {
    float beta1 = (float) step.beta1();
    float rest1 = (float) (1 - step.beta1());
    float beta2 = (float) step.beta2();
    float rest2 = (float) (1 - step.beta2());
    float epsilon = (float) step.epsilon();
    float shrink = step.shrink();
    float rate = step.correctedRate();
    float root = step.rootCorrection();
    for (int i = 0; i < count; i++) {
      float gradient = g[gOffset + i];
      float first = beta1 * m[mOffset + i] + rest1 * gradient;
      float second = beta2 * v[vOffset + i] + rest2 * gradient * gradient;
      m[mOffset + i] = first;
      v[vOffset + i] = second;
      w[wOffset + i] =
          w[wOffset + i] * shrink - rate * first / ((float) Math.sqrt(second) * root + epsilon);
    }
  }
}
