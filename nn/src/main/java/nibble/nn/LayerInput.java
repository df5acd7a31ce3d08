package nibble.nn;

import java.util.function.Supplier;
import nibble.kernels.lowbit.RowMap;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that several layers read one after the other, such as the input of q, k and v. What the
 * first of them derives from it, for instance its quantized codes, the next ones find, if they need
 * the same. Lives as long as the tensor: within one forward pass, in one thread.
 */
public final class LayerInput {
  private final Tensor source;
  private final @Nullable RowMap rowMap;
  private final Supplier<Tensor> result;
  private @Nullable Tensor tensor;
  private @Nullable Object key;
  private @Nullable Object derived;

  /** An input that has passed its site already. */
  public LayerInput(Tensor tensor) {
    this.source = tensor;
    this.rowMap = null;
    this.result = () -> tensor;
    this.tensor = tensor;
  }

  /**
   * An input on which the last functions of its site are still to work.
   *
   * @param result what they make of {@code source}
   * @param rowMap the same, row by row
   */
  LayerInput(Tensor source, Supplier<Tensor> result, RowMap rowMap) {
    this.source = source;
    this.rowMap = rowMap;
    this.result = result;
  }

  /** The input itself, {@code [..., in]}. */
  public Tensor tensor() {
    Tensor known = tensor;
    if (known == null) {
      known = result.get();
      tensor = known;
    }
    return known;
  }

  /**
   * The input before {@link #rowMap} worked on it, of the same shape; the input itself if there is
   * nothing left to do.
   */
  public Tensor source() {
    return source;
  }

  /** What makes the input of {@link #source}, row by row; null if it is the input already. */
  public @Nullable RowMap rowMap() {
    return rowMap;
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
