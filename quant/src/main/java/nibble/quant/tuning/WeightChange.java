package nibble.quant.tuning;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A differentiable change of a parameter that keeps its shape, such as a product with a learned
 * rotation.
 */
@FunctionalInterface
public interface WeightChange {
  /** The changed parameter. */
  Tensor apply(Ops ops, Tensor w);
}
