package nibble.loaders.safetensors;

import java.util.function.Supplier;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * A tensor to be written, made when its turn comes, so that a large model never has to be in memory
 * as a whole.
 *
 * @param name its name in the file
 * @param dtype what {@code data} will have
 * @param shape what {@code data} will have
 * @param data called once, while the file is written
 */
public record TensorSource(String name, DType dtype, Shape shape, Supplier<Tensor> data) {
  /** A tensor that is there already. */
  public static TensorSource of(String name, Tensor tensor) {
    return new TensorSource(name, tensor.dtype(), tensor.shape(), () -> tensor);
  }

  long bytes() {
    return Math.multiplyExact(shape.size(), dtype.bytes());
  }
}
