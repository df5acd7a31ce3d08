package nibble.nn;

import nibble.tensor.Tensor;

/** Where a model's parameters come from: a checkpoint, or random numbers before training. */
public interface WeightSource {
  /** Whether a tensor of this name exists. */
  boolean has(String name);

  /**
   * The tensor {@code name}, which must have the given dimensions.
   *
   * @throws IllegalArgumentException (or the source's own exception) when it is missing or has
   *     another shape
   */
  Tensor get(String name, int... dims);

  /**
   * {@link #get} as a named parameter that multiplies: a gain of a normalisation or a layer scale,
   * which training starts at 1.
   */
  default Parameter gain(String name, int width) {
    return parameter(name, width);
  }

  /** {@link #get} as a named parameter. */
  default Parameter parameter(String name, int... dims) {
    return new Parameter(name, get(name, dims));
  }

  /**
   * The weight {@code [out, in]} of a linear layer that is stored the other way round, {@code [in,
   * out]}, as GPT-2 does it.
   */
  default Parameter transposed(String name, int out, int in) {
    return parameter(name, in, out).transposed();
  }
}
