package nibble.loaders.safetensors;

import java.util.Map;
import java.util.Set;
import nibble.loaders.BadFileException;
import nibble.tensor.Tensor;

/**
 * Named tensors mapped from one or more files. The tensors are views of the mapped files, read-only
 * and valid until {@link #close()}; using one later throws {@link IllegalStateException}. Copy with
 * {@link Tensor#toF32()} what has to live longer. Files must not be changed while they are mapped.
 * Safe for use by several threads.
 */
public interface TensorFile extends AutoCloseable {
  /** All tensors by name, in the order of the file; unmodifiable. */
  Map<String, Tensor> tensors();

  /** The strings under {@code __metadata__} of the file; unmodifiable. */
  Map<String, String> metadata();

  /** What to call this file in an error message. */
  String description();

  /** Bytes of all tensors. */
  default long byteSize() {
    return tensors().values().stream().mapToLong(Tensor::byteSize).sum();
  }

  /** The names of all tensors. */
  default Set<String> names() {
    return tensors().keySet();
  }

  /**
   * The tensor called {@code name}.
   *
   * @throws BadFileException if there is none
   */
  default Tensor tensor(String name) {
    Tensor tensor = tensors().get(name);
    if (tensor == null) {
      throw new BadFileException(
          "%s: tensor '%s' is missing (the file has %d tensors)"
              .formatted(description(), name, tensors().size()));
    }
    return tensor;
  }

  /** Unmaps the files. */
  @Override
  void close();
}
