package nibble.loaders.quantized;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import nibble.loaders.safetensors.TensorFile;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * The formats {@code int-quantized} and {@code naive-quantized} of compressed-tensors with
 * integers: {@code x.weight} is I8 {@code [out, in]}, one code a byte, beside it {@code
 * x.weight_scale [out, groups]} (or one for all) and for asymmetric weights {@code
 * x.weight_zero_point} I8.
 */
final class IntQuantizedForm implements WeightForm {
  private final CodeTensors tensors;
  private final CompressedTensorsConfig config;

  IntQuantizedForm(TensorFile file, CompressedTensorsConfig config) {
    this.tensors = new CodeTensors(file);
    this.config = config;
  }

  @Override
  public boolean has(String name) {
    Tensor tensor = tensors.file().tensors().get(name);
    return tensor != null
        && tensor.dtype() == DType.I8
        && !config.ignores(CodeTensors.module(name));
  }

  @Override
  public String shapeTensor(String name) {
    return name;
  }

  @Override
  public Shape shape(String name) {
    return tensors.matrix(name);
  }

  @Override
  public Optional<PackedWeight> executed(String name) {
    String module = CodeTensors.module(name);
    CompressedTensorsConfig.Group group = config.groupOf(module);
    if (group.isFloat()) {
      throw tensors.bad(name, "is I8, but config.json says that '" + module + "' is of type float");
    }
    Shape shape = shape(name);
    int out = shape.dim(0);
    int in = shape.dim(1);
    int groups = Math.ceilDiv(in, group.sizeFor(in));
    byte[] zeros = group.symmetric() ? null : zeroPoints(name + "_zero_point", out, groups);
    GroupedCodes grouped =
        new GroupedCodes(
            out,
            in,
            group.bits(),
            group.sizeFor(in),
            bytes(tensors.file().tensor(name).segment()),
            tensors.scales(name + "_scale", out, groups),
            zeros);
    try {
      return Optional.of(
          grouped.weight(
              group.activations().map(a -> ActivationScales.of(tensors, module, a)).orElse(null)));
    } catch (IllegalArgumentException e) {
      throw tensors.bad(name, "cannot be executed: " + e.getMessage());
    }
  }

  private static byte[] bytes(MemorySegment codes) {
    return codes.toArray(ValueLayout.JAVA_BYTE);
  }

  private byte[] zeroPoints(String name, int out, int groups) {
    Tensor tensor = tensors.file().tensor(name);
    if (tensor.dtype() != DType.I8
        || !(tensor.shape().equals(Shape.of(out, groups)) || tensor.size() == 1 && groups == 1)) {
      throw tensors.bad(
          name,
          "is " + tensor.dtype() + " " + tensor.shape() + ", expected I8 " + Shape.of(out, groups));
    }
    byte[] zeros = bytes(tensor.segment());
    if (zeros.length == out * groups) {
      return zeros;
    }
    byte[] spread = new byte[out];
    Arrays.fill(spread, zeros[0]);
    return spread;
  }
}
