package nibble.quant.method;

import java.util.Arrays;
import nibble.tensor.Tensor;

/** Checks and copies of weights that methods share. */
public final class Weights {
  private Weights() {}

  /**
   * The elements of a weight {@code [out, in]} of any dtype: of a working tensor that starts at 0
   * and fills its array that array, else a copy. Only to be read.
   *
   * @throws IllegalArgumentException if the tensor has another rank
   */
  public static float[] values(String name, Tensor weight) {
    if (weight.rank() != 2) {
      throw new IllegalArgumentException(
          "%s: a weight is [out, in], found shape %s".formatted(name, weight.shape()));
    }
    Tensor floats = weight.toF32();
    float[] array = floats.array();
    int size = Math.toIntExact(floats.size());
    return floats.offset() == 0 && array.length == size
        ? array
        : Arrays.copyOfRange(array, floats.offset(), floats.offset() + size);
  }

  /**
   * A copy of the rows {@code from} to {@code to} of a weight {@code [out, in]} of any dtype.
   *
   * @throws IllegalArgumentException if an element is NaN or infinite; the message has its place in
   *     the whole weight
   */
  public static float[] rows(String name, Tensor weight, int from, int to) {
    float[] rows = weight.slice(0, from, to).toFloats();
    for (int i = 0; i < rows.length; i++) {
      if (!Float.isFinite(rows[i])) {
        throw new IllegalArgumentException(
            "%s: element %d is %s, expected finite values; repair the checkpoint or leave this tensor in float"
                .formatted(name, (long) from * weight.dim(1) + i, rows[i]));
      }
    }
    return rows;
  }
}
