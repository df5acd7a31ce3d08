package nibble.nn.packed;

import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.rowwise.CodeRange;
import nibble.kernels.rowwise.Quantize;

/** The grid that a quantizer has for one row of activations, by the arithmetic of the kernels. */
final class RowGrid {
  private RowGrid() {}

  /** The codes of a quantizer. */
  static CodeRange range(ActivationQuantizer quantizer) {
    return quantizer.symmetric()
        ? CodeRange.signed(quantizer.bits())
        : CodeRange.unsigned(quantizer.bits());
  }

  /** Writes scale and zero point of a row of {@code width} elements to {@code at}. */
  static void fit(
      ActivationQuantizer quantizer,
      int width,
      float[] x,
      int offset,
      float[] scales,
      float[] zeroPoints,
      int at) {
    CodeRange range = range(quantizer);
    switch (quantizer) {
      case ActivationQuantizer.PerToken token when token.symmetric() -> {
        Quantize.best()
            .symmetricScales(1, width, width, x, offset, range, token.clip(), scales, at);
        zeroPoints[at] = 0;
      }
      case ActivationQuantizer.PerToken token ->
          Quantize.best()
              .asymmetricScales(
                  1, width, width, x, offset, range, token.clip(), scales, at, zeroPoints, at);
      case ActivationQuantizer.PerTensor tensor -> {
        scales[at] = tensor.scale();
        zeroPoints[at] = tensor.zeroPoint();
      }
    }
  }
}
