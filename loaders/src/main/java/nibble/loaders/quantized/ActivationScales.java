package nibble.loaders.quantized;

import nibble.kernels.lowbit.ActivationQuantizer;

/**
 * How inputs are quantized: from the configuration, and for fixed scales {@code x.input_scale} and
 * {@code x.input_zero_point}.
 */
final class ActivationScales {
  private ActivationScales() {}

  static ActivationQuantizer of(
      CodeTensors tensors, String module, CompressedTensorsConfig.Activations activations) {
    int bits = activations.bits();
    if (activations.dynamic()) {
      return new ActivationQuantizer.PerToken(bits, activations.symmetric(), activations.clip());
    }
    float scale = tensors.scalar(module + ".input_scale");
    int zeroPoint =
        activations.symmetric()
            ? 0
            : (int) tensors.scalar(module + ".input_zero_point") + (1 << (bits - 1));
    try {
      return new ActivationQuantizer.PerTensor(bits, activations.symmetric(), scale, zeroPoint);
    } catch (IllegalArgumentException e) {
      throw tensors.bad(
          module + ".input_scale", "or the zero point beside it is wrong: " + e.getMessage());
    }
  }
}
