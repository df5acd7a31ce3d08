package nibble.quant.fold;

import nibble.nn.ResidualStructure;

/** Factors on the output rows of attention heads. */
final class HeadScale {
  private HeadScale() {}

  /** The factor of a channel of a head. */
  @FunctionalInterface
  interface Factor {
    float of(int head, int channel);
  }

  static void scaleRows(ResidualStructure.HeadRows rows, int heads, int headDim, Factor factor) {
    float[] all = LinearScale.ones(rows.linear().out());
    for (int head = 0; head < heads; head++) {
      for (int channel = 0; channel < headDim; channel++) {
        all[rows.first() + head * rows.step() + channel] = factor.of(head, channel);
      }
    }
    LinearScale.scaleRows(rows.linear(), all);
  }
}
