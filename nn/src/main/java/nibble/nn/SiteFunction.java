package nibble.nn;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * What stands in a {@link Site}: an observer (returns its input), a fake quantizer, an online
 * rotation, a bias. A function that is used from several threads at once must allow it.
 */
@FunctionalInterface
public interface SiteFunction {
  /** The tensor that continues instead of {@code x}; of the same shape. */
  Tensor apply(Ops ops, Tensor x);
}
