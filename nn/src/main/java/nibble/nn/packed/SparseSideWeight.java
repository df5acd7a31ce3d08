package nibble.nn.packed;

import nibble.kernels.lowbit.SparseRows;
import nibble.nn.LayerInput;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A weight of packed integers with single elements in 16-bit float beside it: {@code x W^T + x
 * S^T}. The integers are 0 where the sparse matrix has an element, so that the two products add up
 * without a mask. Activations are those of the integer part in its product, float in the sparse
 * one.
 *
 * @param weight the dense part
 * @param side the elements, of the same shape; their values are F16 numbers
 */
public record SparseSideWeight(PackedIntWeight weight, SparseRows side) implements PackedWeight {
  /**
   * Checks that the parts fit together.
   *
   * @throws IllegalArgumentException if they do not
   */
  public SparseSideWeight {
    if (side.out() != weight.out() || side.in() != weight.in()) {
      throw new IllegalArgumentException(
          "sparse elements of [%d, %d] do not fit a weight [%d, %d]"
              .formatted(side.out(), side.in(), weight.out(), weight.in()));
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
    return multiply(ops, new LayerInput(x), bias);
  }

  @Override
  public Tensor multiply(Ops ops, LayerInput x, @Nullable Tensor bias) {
    Tensor result = weight.multiply(ops, x, bias);
    Tensor input = x.tensor().toF32();
    int rows = (int) (input.size() / in());
    side.addProduct(
        rows, input.array(), input.offset(), result.array(), result.offset(), ops.splitter());
    return result;
  }

  /** As they lie in memory: four bytes for a value, four for its column, four for a row. */
  @Override
  public long bytes() {
    return weight.bytes() + 8L * side.count() + 4L * (side.out() + 1);
  }

  @Override
  public Tensor dequantized() {
    Tensor dense = weight.dequantized();
    side.addTo(dense.array());
    return dense;
  }

  @Override
  public String format() {
    return "%s, %d elements in float".formatted(weight.format(), side.count());
  }
}
