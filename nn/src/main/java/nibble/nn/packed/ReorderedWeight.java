package nibble.nn.packed;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A weight whose groups are inputs that do not lie together, as GPTQ makes them when it takes
 * inputs in the order of their importance ({@code desc_act}). The weight is stored with the inputs
 * of each group side by side; the inputs of a product are brought into the same order first, which
 * costs a copy of them.
 *
 * @param weight the weight in the new order, with float activations
 * @param order {@code order[k]} is the input that column {@code k} of {@code weight} takes; a
 *     permutation
 */
public record ReorderedWeight(PackedIntWeight weight, int[] order) implements PackedWeight {
  /**
   * Checks that the parts fit together.
   *
   * @throws IllegalArgumentException if {@code order} is not a permutation of the inputs, or
   *     activations are quantized
   */
  public ReorderedWeight {
    if (order.length != weight.in() || weight.activations() != null) {
      throw new IllegalArgumentException(
          "%d inputs cannot be brought into an order of %d, or are quantized"
              .formatted(weight.in(), order.length));
    }
    boolean[] seen = new boolean[order.length];
    for (int input : order) {
      if (input < 0 || input >= order.length || seen[input]) {
        throw new IllegalArgumentException(
            "input %d is twice in the order, or there is no such input".formatted(input));
      }
      seen[input] = true;
    }
  }

  @Override
  public int out() {
    return weight.out();
  }

  @Override
  public int in() {
    return weight.in();
  }

  @Override
  public Tensor multiply(Ops ops, Tensor x, @Nullable Tensor bias) {
    int rows = Products.rows(ops, x, order.length);
    Tensor input = x.toF32();
    Tensor ordered = ops.empty(x.shape().dims());
    ops.splitter()
        .run(
            rows,
            (row, scratch) -> {
              int from = input.offset() + row * order.length;
              int to = ordered.offset() + row * order.length;
              for (int k = 0; k < order.length; k++) {
                ordered.array()[to + k] = input.array()[from + order[k]];
              }
            });
    return weight.multiply(ops, ordered, bias);
  }

  @Override
  public long bytes() {
    return weight.bytes() + 4L * order.length;
  }

  @Override
  public Tensor dequantized() {
    float[] ordered = weight.dequantized().array();
    float[] values = new float[ordered.length];
    int in = order.length;
    for (int row = 0; row < out(); row++) {
      for (int k = 0; k < in; k++) {
        values[row * in + order[k]] = ordered[row * in + k];
      }
    }
    return Tensor.of(values, out(), in);
  }

  @Override
  public String format() {
    return weight.format() + " reordered";
  }
}
