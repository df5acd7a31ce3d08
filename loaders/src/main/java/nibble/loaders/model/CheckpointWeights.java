package nibble.loaders.model;

import nibble.loaders.BadFileException;
import nibble.loaders.quantized.StoredWeights;
import nibble.loaders.safetensors.TensorFile;
import nibble.nn.Parameter;
import nibble.nn.WeightSource;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * The tensors of a checkpoint as parameters of a model. A weight that is stored as packed codes
 * becomes a parameter whose float value is made from the codes when somebody asks for it. 8-bit
 * floats become BF16 then, which holds all of them exactly and which kernels multiply with.
 */
final class CheckpointWeights implements WeightSource {
  private final TensorFile file;
  private final StoredWeights packed;

  CheckpointWeights(TensorFile file, StoredWeights packed) {
    this.file = file;
    this.packed = packed;
  }

  @Override
  public boolean has(String name) {
    return file.tensors().containsKey(name) || packed.has(name);
  }

  @Override
  public Tensor get(String name, int... dims) {
    Tensor tensor = file.tensor(name);
    checkShape(name, tensor.shape(), dims);
    if (!tensor.dtype().isFloat()) {
      throw new BadFileException(
          "%s: tensor '%s' is %s, expected a float type; quantized weights need a quantization_config in config.json"
              .formatted(file.description(), name, tensor.dtype()));
    }
    return tensor;
  }

  @Override
  public Parameter parameter(String name, int... dims) {
    Shape shape = Shape.of(dims);
    if (!packed.has(name)) {
      Tensor tensor = get(name, dims);
      boolean isByte = tensor.dtype() == DType.F8_E4M3 || tensor.dtype() == DType.F8_E5M2;
      return isByte
          ? new Parameter(name, shape, shape, () -> tensor.to(DType.BF16))
          : new Parameter(name, tensor);
    }
    packed.checkShape(name, shape);
    return new Parameter(name, shape, shape, () -> packed.values(name));
  }

  /** Packed codes are stored {@code [out, in]} whatever the float weight's layout was. */
  @Override
  public Parameter transposed(String name, int out, int in) {
    return packed.has(name)
        ? parameter(name, out, in)
        : WeightSource.super.transposed(name, out, in);
  }

  private void checkShape(String name, Shape found, int... dims) {
    Shape expected = Shape.of(dims);
    if (!found.equals(expected)) {
      throw new BadFileException(
          "%s: tensor '%s' has shape %s, expected %s; config.json and weights do not belong together"
              .formatted(file.description(), name, found, expected));
    }
  }
}
