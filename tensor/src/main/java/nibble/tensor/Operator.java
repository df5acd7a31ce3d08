package nibble.tensor;

import org.jspecify.annotations.Nullable;

/**
 * One row of the derivative table: how an operator is computed and how a gradient runs back through
 * it. The {@code permits} clause is the table. Inputs are working tensors (F32, contiguous, heap).
 */
sealed interface Operator
    permits Unary,
        Pointwise.Activate,
        Pointwise.Scale,
        Pointwise.Clamp,
        Binary,
        Matmul.Linear,
        Matmul.Product,
        Normalisation.SoftmaxRow,
        Normalisation.LogSoftmaxRow,
        Normalisation.LayerNormRow,
        Normalisation.RmsNormRow,
        Reshaping.Reshape,
        Reshaping.Permute,
        Reshaping.Slice,
        Reshaping.Concat,
        Reshaping.Expand,
        Reshaping.RowsOf,
        Rotation,
        Reduction.SumAll,
        Reduction.SumAxis,
        Losses.CrossEntropy,
        Losses.MeanSquaredError,
        Custom,
        Relevance,
        Checkpoint {

  /** What the derivative reads; the rest is freed as soon as nobody else holds it. */
  enum Saves {
    SHAPES,
    INPUTS,
    OUTPUT,
    BOTH;

    boolean inputs() {
      return this == INPUTS || this == BOTH;
    }

    boolean output() {
      return this == OUTPUT || this == BOTH;
    }
  }

  /** The result; it may share memory with an input. */
  Tensor forward(Engine engine, Tensor... in);

  /**
   * Gradients of the inputs, each in the shape of its input. Entries whose {@code wanted} is false
   * may be null. A gradient is either fresh memory or shares the memory of {@code grad}.
   *
   * @param grad gradient of {@code out}; not to be written
   */
  @Nullable Tensor[] backward(
      Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted);

  /** What {@link #backward} reads of {@code in} and {@code out}, beyond their shapes. */
  default Saves saves() {
    return Saves.INPUTS;
  }

  /** Whether {@link #backward} returns memory that nobody else holds (or that of {@code grad}). */
  default boolean ownsGradients() {
    return true;
  }
}
