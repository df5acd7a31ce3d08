package nibble.nn.packed;

import java.util.Arrays;
import nibble.nn.FloatWeight;
import nibble.nn.LayerInput;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A weight whose columns for some inputs are 16-bit floats and for the others packed integers, as
 * QUIK executes it: {@code x_q Wq^T + x_f Wf^T}. Inputs are taken apart first, so the float ones,
 * with their outliers, do not widen the range of activations that are quantized. Layers that read
 * the same input and take it apart alike do so once.
 */
public final class FloatColumnsWeight implements PackedWeight {
  private final PackedIntWeight weight;
  private final Tensor columns;
  private final FloatWeight floats;
  private final Split split;

  /** Which inputs are float; equal ones share the parts of an input. */
  private record Split(int[] quantized, int[] floats) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Split split
          && Arrays.equals(floats, split.floats)
          && quantized.length == split.quantized.length;
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(floats);
    }
  }

  /** An input that was taken apart; the quantized part finds its codes again. */
  private record Parts(LayerInput quantized, Tensor floats) {}

  /**
   * The parts.
   *
   * @param weight of the quantized inputs in ascending order
   * @param columns {@code [out, n]}, F16: the columns of the float inputs
   * @param inputs the float inputs, ascending, at least one
   * @throws IllegalArgumentException if the parts do not fit together
   */
  public FloatColumnsWeight(PackedIntWeight weight, Tensor columns, int[] inputs) {
    if (columns.rank() != 2
        || columns.dim(0) != weight.out()
        || columns.dim(1) != inputs.length
        || inputs.length == 0) {
      throw new IllegalArgumentException(
          "%d float inputs of a weight with %d outputs do not fit columns %s"
              .formatted(inputs.length, weight.out(), columns.shape()));
    }
    this.weight = weight;
    this.columns = columns;
    floats = FloatWeight.of(columns);
    split = new Split(others(inputs, weight.in() + inputs.length), inputs.clone());
  }

  private static int[] others(int[] inputs, int in) {
    int[] others = new int[in - inputs.length];
    int next = 0;
    int count = 0;
    for (int i = 0; i < in; i++) {
      if (next < inputs.length && inputs[next] == i) {
        next++;
      } else if (count < others.length) {
        others[count++] = i;
      }
    }
    if (next != inputs.length) {
      throw new IllegalArgumentException(
          "float inputs must ascend and be below %d, found %s"
              .formatted(in, Arrays.toString(inputs)));
    }
    return others;
  }

  /** The part of packed integers, {@code [out, quantized inputs]}. */
  public PackedIntWeight weight() {
    return weight;
  }

  /** The float columns, {@code [out, n]}, F16. */
  public Tensor columns() {
    return columns;
  }

  /** The float inputs, ascending. */
  public int[] inputs() {
    return split.floats.clone();
  }

  @Override
  public int out() {
    return weight.out();
  }

  @Override
  public int in() {
    return split.quantized.length + split.floats.length;
  }

  @Override
  public Tensor multiply(Ops ops, Tensor x, @Nullable Tensor bias) {
    return multiply(ops, new LayerInput(x), bias);
  }

  @Override
  public Tensor multiply(Ops ops, LayerInput x, @Nullable Tensor bias) {
    int _ = Products.rows(ops, x.tensor(), in());
    Parts parts =
        x.derive(
            split,
            Parts.class,
            () ->
                new Parts(
                    new LayerInput(gather(ops, x.tensor(), split.quantized)),
                    gather(ops, x.tensor(), split.floats)));
    return ops.add(
        weight.multiply(ops, parts.quantized, bias), floats.multiply(ops, parts.floats, null));
  }

  private Tensor gather(Ops ops, Tensor x, int[] inputs) {
    Tensor from = x.toF32();
    int in = in();
    Tensor to = ops.empty(x.shape().with(-1, inputs.length).dims());
    ops.splitter()
        .run(
            (int) (x.size() / in),
            (row, scratch) -> {
              int source = from.offset() + row * in;
              int target = to.offset() + row * inputs.length;
              for (int i = 0; i < inputs.length; i++) {
                to.array()[target + i] = from.array()[source + inputs[i]];
              }
            });
    return to;
  }

  @Override
  public long bytes() {
    return weight.bytes() + floats.bytes() + 4L * in();
  }

  @Override
  public Tensor dequantized() {
    float[] dense = weight.dequantized().array();
    float[] side = columns.toFloats();
    float[] values = new float[Math.multiplyExact(out(), in())];
    for (int row = 0; row < out(); row++) {
      place(dense, row * split.quantized.length, split.quantized, values, row * in());
      place(side, row * split.floats.length, split.floats, values, row * in());
    }
    return Tensor.of(values, out(), in());
  }

  private static void place(float[] from, int at, int[] inputs, float[] to, int row) {
    for (int i = 0; i < inputs.length; i++) {
      to[row + inputs[i]] = from[at + i];
    }
  }

  @Override
  public String format() {
    return "%s, %d inputs in float".formatted(weight.format(), split.floats.length);
  }
}
