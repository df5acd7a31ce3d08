package nibble.loaders.quantized;

import java.lang.foreign.MemorySegment;
import nibble.loaders.BadFileException;
import nibble.loaders.safetensors.TensorFile;
import nibble.loaders.safetensors.TensorSource;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * The tensor {@code x.weight_shape}, I64 {@code [2]}, that says what the shape of the float weight
 * is.
 */
final class WeightShape {
  static final String SUFFIX = "_shape";
  private static final int LARGEST = 1 << 24;

  private WeightShape() {}

  /** The shape {@code [out, in]} of the weight {@code name}. */
  static Shape of(TensorFile file, String name) {
    Tensor shape = file.tensor(name + SUFFIX);
    if (shape.rank() != 1 || shape.dim(0) != 2) {
      throw bad(file, name, "has shape " + shape.shape() + ", expected [2]");
    }
    return Shape.of(dimension(file, name, shape.get(0)), dimension(file, name, shape.get(1)));
  }

  private static int dimension(TensorFile file, String name, float value) {
    if (!(value >= 1 && value <= LARGEST) || value != Math.rint(value)) {
      throw bad(file, name, "holds " + value + ", expected a dimension");
    }
    return (int) value;
  }

  private static BadFileException bad(TensorFile file, String name, String problem) {
    return new BadFileException(
        "%s: tensor '%s' %s".formatted(file.description(), name + SUFFIX, problem));
  }

  /** The tensor for a weight {@code name [out, in]}. */
  static TensorSource tensor(String name, int out, int in) {
    return TensorSource.of(
        name + SUFFIX,
        Tensor.ofSegment(MemorySegment.ofArray(new long[] {out, in}), DType.I64, Shape.of(2)));
  }
}
