package nibble.loaders.quantized;

import java.util.Optional;
import nibble.loaders.safetensors.TensorFile;
import nibble.nn.packed.CodePacking;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.Shape;

/**
 * The {@code pack-quantized} format of compressed-tensors: for a weight {@code x.weight [out, in]}
 * the tensors {@code x.weight_packed} (I32 words along {@code in}), {@code x.weight_scale [out,
 * groups]}, {@code x.weight_shape} (I64), for asymmetric weights {@code x.weight_zero_point} (I32
 * words along {@code out}), and where inputs were reordered before they were grouped {@code
 * x.weight_g_idx} (I32, the group of each input).
 */
final class PackQuantizedForm extends ShapedForm {
  private static final String SUFFIX = "_packed";

  private final Optional<CompressedTensorsConfig> config;

  PackQuantizedForm(TensorFile file, Optional<CompressedTensorsConfig> config) {
    super(file, SUFFIX);
    this.config = config;
  }

  @Override
  public Optional<PackedWeight> executed(String name) {
    String module = CodeTensors.module(name);
    CompressedTensorsConfig.Group group =
        config
            .orElseThrow(
                () ->
                    tensors.bad(
                        name + SUFFIX,
                        "holds packed codes, but config.json has no quantization_config"))
            .groupOf(module);
    if (group.isFloat()) {
      throw tensors.bad(
          name + SUFFIX,
          "holds packed integers, but config.json says that '" + module + "' is of type float");
    }
    Shape shape = shape(name);
    int out = shape.dim(0);
    int in = shape.dim(1);
    int groups = Math.ceilDiv(in, group.sizeFor(in));
    float[] scales = tensors.scales(name + "_scale", out, groups);
    byte[] codes =
        CodePacking.unpack(
            tensors.ints(name + SUFFIX, out, CodePacking.wordsFor(in, group.bits())),
            out,
            in,
            group.bits());
    byte[] zeros = group.symmetric() ? null : zeroPoints(name, out, groups, group.bits());
    GroupedCodes grouped =
        new GroupedCodes(out, in, group.bits(), group.sizeFor(in), codes, scales, zeros);
    try {
      if (!tensors.has(name + "_g_idx")) {
        return Optional.of(
            grouped.weight(
                group
                    .activations()
                    .map(a -> ActivationScales.of(tensors, module, a))
                    .orElse(null)));
      }
      if (group.activations().isPresent()) {
        throw tensors.bad(
            name + "_g_idx", "is there, but inputs that are reordered cannot be quantized");
      }
      return Optional.of(grouped.reordered(tensors.ints(name + "_g_idx", in)));
    } catch (IllegalArgumentException e) {
      throw tensors.bad(name + SUFFIX, "cannot be executed: " + e.getMessage());
    }
  }

  private byte[] zeroPoints(String name, int out, int groups, int bits) {
    int[] words = tensors.ints(name + "_zero_point", CodePacking.wordsFor(out, bits), groups);
    return CodePacking.unpackColumns(words, out, groups, bits);
  }
}
