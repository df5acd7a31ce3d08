package nibble.nn.packed;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** What the products of all packed weights have in common. */
final class Products {
  private Products() {}

  /** Checks {@code x [..., in]} and returns the number of its rows. */
  static int rows(Ops ops, Tensor x, int in) {
    if (x.dim(-1) != in) {
      throw new IllegalArgumentException(
          "the weight takes " + in + " input features, the input is " + x.shape());
    }
    if (ops.isRecording() && x.requiresGrad()) {
      throw new IllegalStateException(
          "packed codes have no derivative; train the float model, or switch to noGrad()");
    }
    return (int) (x.size() / in);
  }

  /** The elements of {@code bias} as an array that starts with them; a copy only if it must be. */
  static float @Nullable [] plain(@Nullable Tensor bias) {
    if (bias == null) {
      return null;
    }
    return bias.offset() == 0 && bias.array().length == bias.size()
        ? bias.array()
        : bias.toFloats();
  }
}
