package nibble.quant.equivalence;

import nibble.nn.Linear;

/** Largest absolute weights of input channels. */
final class ColumnMaxima {
  private ColumnMaxima() {}

  /** Those over all given layers, {@code [in]}. */
  static float[] of(Linear... linears) {
    float[] largest = new float[linears[0].in()];
    for (Linear linear : linears) {
      float[] w = linear.weight().peek().toFloats();
      for (int i = 0; i < w.length; i++) {
        largest[i % largest.length] = Math.max(largest[i % largest.length], Math.abs(w[i]));
      }
    }
    return largest;
  }
}
