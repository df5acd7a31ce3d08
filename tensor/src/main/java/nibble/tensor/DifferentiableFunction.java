package nibble.tensor;

import org.jspecify.annotations.Nullable;

/**
 * An operator with a derivative of its own, such as a straight-through estimator; see {@link
 * Ops#custom}. Both methods run with grad mode off, so they may use any operator.
 */
public interface DifferentiableFunction {
  /** The result. It may be one of the inputs or share memory with it. */
  Tensor forward(Ops ops, Tensor... in);

  /**
   * Gradients of the inputs, in order and each in the shape of its input; null means none flows to
   * that input.
   *
   * @param gradOut gradient of {@code out}; may be returned, must not be written
   * @param in the inputs of {@link #forward}
   * @param out its result
   */
  @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out);
}
