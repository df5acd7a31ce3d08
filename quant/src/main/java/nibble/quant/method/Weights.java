package nibble.quant.method;

import java.util.Arrays;
import nibble.tensor.Tensor;

/** Checks and copies of weights that methods share. */
public final class Weights {
  private Weights() {}

  /**
   * The elements of a working tensor {@code [out, in]}: its own array where it starts at 0 and
   * fills it, else a copy. Only to be read.
   *
   * @throws IllegalArgumentException if the tensor has another rank
   */
  public static float[] values(String name, Tensor weight) {
    if (weight.rank() != 2) {
      throw new IllegalArgumentException(
          "%s: a weight is [out, in], found shape %s".formatted(name, weight.shape()));
    }
    float[] array = weight.array();
    int size = Math.toIntExact(weight.size());
    return weight.offset() == 0 && array.length == size
        ? array
        : Arrays.copyOfRange(array, weight.offset(), weight.offset() + size);
  }
}
