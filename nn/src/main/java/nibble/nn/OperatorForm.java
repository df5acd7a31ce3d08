package nibble.nn;

import java.util.function.UnaryOperator;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * What stands in for a function of the forward pass: its integer form, or something that looks at
 * what passes. A form that is used from several threads at once must allow it.
 */
@FunctionalInterface
public interface OperatorForm {
  /**
   * The result for {@code x}, of the shape of {@code own}'s.
   *
   * @param own what the model would compute itself
   */
  Tensor apply(Ops ops, Tensor x, UnaryOperator<Tensor> own);
}
