package nibble.quant.training;

import java.util.Arrays;
import java.util.Optional;
import nibble.nn.site.UniformQuantizer;
import nibble.tensor.Tensor;

/**
 * Where a learned grid begins.
 *
 * @param scale one or one a channel
 * @param offset value of code 0, in the shape of {@code scale}; empty for symmetric grids
 */
record StartingGrid(Tensor scale, Optional<Tensor> offset) {

  /** The grid of a fitted quantizer: {@code s (q - z)} is {@code s q + offset}. */
  static StartingGrid of(UniformQuantizer quantizer) {
    Tensor scales = quantizer.scales();
    Tensor zeroPoints = quantizer.zeroPoints();
    if (zeroPoints == null) {
      return new StartingGrid(scales, Optional.empty());
    }
    float[] s = scales.toFloats();
    float[] offset = zeroPoints.toFloats();
    for (int i = 0; i < s.length; i++) {
      offset[i] *= -s[i];
    }
    return new StartingGrid(scales, Optional.of(Tensor.of(offset, scales.shape().dims())));
  }

  /** The same for all of {@code channels}. */
  StartingGrid spread(int channels) {
    return new StartingGrid(repeated(scale, channels), offset.map(o -> repeated(o, channels)));
  }

  /**
   * Each channel's grid made larger about 0: {@code s <- s^(1 - share) max(s)^share}, the offset
   * likewise.
   */
  StartingGrid widened(double share) {
    float[] s = scale.toFloats();
    float largest = 0;
    for (float value : s) {
      largest = Math.max(largest, value);
    }
    float[] o = offset.map(Tensor::toFloats).orElse(new float[s.length]);
    for (int i = 0; i < s.length; i++) {
      float factor = (float) Math.pow((double) largest / s[i], share);
      s[i] *= factor;
      o[i] *= factor;
    }
    return new StartingGrid(Tensor.of(s, s.length), offset.map(_ -> Tensor.of(o, o.length)));
  }

  private static Tensor repeated(Tensor one, int channels) {
    float[] values = new float[channels];
    Arrays.fill(values, one.item());
    return Tensor.of(values, channels);
  }
}
