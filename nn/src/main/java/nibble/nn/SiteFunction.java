package nibble.nn;

import java.util.Optional;
import nibble.kernels.attention.ProbabilityMap;
import nibble.kernels.lowbit.RowMap;
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

  /**
   * The same for one row of the last axis, to the bit, where no gradient is recorded; empty if this
   * does not work row by row. A layer that quantizes its input applies it on the way.
   */
  default Optional<RowMap> rowMap() {
    return Optional.empty();
  }

  /**
   * What this does to a tensor {@code [batch, heads, tokens, headDim]}, done to {@code [batch,
   * tokens, heads * headDim]}, as projections write it: the same elements to the bit, where no
   * gradient is recorded. Empty if this cannot be done to heads that lie side by side.
   */
  default Optional<SiteFunction> sideBySide(int heads, int headDim) {
    return Optional.empty();
  }

  /**
   * What this does to attention probabilities {@code [batch, heads, queries, keys]}, done to those
   * of one query: the same elements to the bit, where no gradient is recorded. Empty if this does
   * not work query by query.
   */
  default Optional<ProbabilityMap> probabilityMap(int heads) {
    return Optional.empty();
  }
}
