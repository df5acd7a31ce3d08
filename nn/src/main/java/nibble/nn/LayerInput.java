package nibble.nn;

import java.util.function.Supplier;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that several layers read one after the other, such as the input of q, k and v. What the
 * first of them derives from it, for instance its quantized codes, the next ones find, if they need
 * the same. Lives as long as the tensor: within one forward pass, in one thread.
 */
public final class LayerInput {
  private final Tensor tensor;
  private @Nullable Object key;
  private @Nullable Object derived;

  /** An input that has passed its site already. */
  public LayerInput(Tensor tensor) {
    this.tensor = tensor;
  }

  /** The input itself, {@code [..., in]}. */
  public Tensor tensor() {
    return tensor;
  }

  /**
   * What {@code make} returned when it was called last, if that was for an equal key; otherwise
   * what it returns now.
   *
   * @param key says completely how the result comes from the tensor
   */
  public <T> T derive(Object key, Class<T> type, Supplier<T> make) {
    Object known = key.equals(this.key) ? derived : null;
    if (type.isInstance(known)) {
      return type.cast(known);
    }
    T result = make.get();
    this.key = key;
    derived = result;
    return result;
  }
}
