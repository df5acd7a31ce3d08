package nibble.quant.model;

import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Some inputs of a model.
 *
 * @param inputs as {@link nibble.nn.Model#embed} takes them: normalised pixels, or token ids; the
 *     first axis counts samples
 * @param labels class of each; null where they are not known
 */
public record Samples(Tensor inputs, int @Nullable [] labels) {
  public Samples {
    if (labels != null && labels.length != inputs.dim(0)) {
      throw new IllegalArgumentException(
          "%d samples have %d labels".formatted(inputs.dim(0), labels.length));
    }
  }

  /** Inputs whose labels may be known. */
  public static Samples of(Tensor inputs, int @Nullable [] labels) {
    return new Samples(inputs, labels);
  }

  /** Inputs alone. */
  public static Samples unlabelled(Tensor inputs) {
    return new Samples(inputs, null);
  }

  /** Number of samples. */
  public int count() {
    return inputs.dim(0);
  }
}
