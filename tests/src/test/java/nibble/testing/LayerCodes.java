package nibble.testing;

import nibble.kernels.lowbit.IntWeights;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.PackedWeight;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.model.LayerResult;

/** The integer codes that a layer executes, unpacked. */
public final class LayerCodes {
  private LayerCodes() {}

  /** Those of a layer with integer codes. */
  public static QuantizedTensor of(LayerResult result) {
    return of(integers(result.matrix()));
  }

  private static IntWeights integers(PackedWeight matrix) {
    return switch (matrix) {
      case PackedIntWeight packed -> packed.weights();
      default -> throw new AssertionError("no plain integer codes: " + matrix.format());
    };
  }

  private static QuantizedTensor of(IntWeights weights) {
    int out = weights.out();
    int in = weights.in();
    int groups = weights.groups();
    int offset = weights.isSymmetric() ? 0 : 1 << (weights.bits() - 1);
    byte[] codes = new byte[out * in];
    float[] scales = new float[out * groups];
    byte[] zeroPoints = new byte[scales.length];
    for (int row = 0; row < out; row++) {
      weights.unpack(row, codes, row * in);
      for (int group = 0; group < groups; group++) {
        scales[row * groups + group] = weights.scale(row, group);
        zeroPoints[row * groups + group] = (byte) (weights.zeroPoint(row, group) - offset);
      }
    }
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) (codes[i] - offset);
    }
    Granularity granularity =
        groups == 1 ? new Granularity.PerChannel() : new Granularity.PerGroup(weights.groupSize());
    IntFormat format =
        weights.isSymmetric()
            ? IntFormat.symmetric(weights.bits())
            : IntFormat.asymmetric(weights.bits());
    return new QuantizedTensor(
        codes, new QuantParams(format, granularity, out, in, scales, zeroPoints));
  }
}
