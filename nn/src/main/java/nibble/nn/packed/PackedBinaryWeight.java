package nibble.nn.packed;

import nibble.kernels.lowbit.BinaryWeights;
import nibble.kernels.lowbit.LutGemv;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A weight of binary codes. Activations stay in float: few rows look up sums of them in tables,
 * many rows meet weights that are unpacked tile by tile.
 *
 * @param weights bits, steps of the planes and offsets
 */
public record PackedBinaryWeight(BinaryWeights weights) implements PackedWeight {
  @Override
  public int out() {
    return weights.out();
  }

  @Override
  public int in() {
    return weights.in();
  }

  @Override
  public Tensor multiply(Ops ops, Tensor x, @Nullable Tensor bias) {
    int in = weights.in();
    int out = weights.out();
    int rows = Products.rows(ops, x, in);
    Tensor result = ops.empty(x.shape().with(-1, out).dims());
    Tensor input = x.toF32();
    LutGemv.best()
        .multiply(
            rows,
            input.array(),
            input.offset(),
            in,
            weights,
            Products.plain(bias),
            result.array(),
            result.offset(),
            out,
            ops.splitter());
    return result;
  }

  @Override
  public long bytes() {
    return weights.bytes();
  }

  @Override
  public Tensor dequantized() {
    float[] values = new float[Math.multiplyExact(weights.out(), weights.in())];
    for (int row = 0; row < weights.out(); row++) {
      weights.dequantize(row, values, row * weights.in());
    }
    return Tensor.of(values, weights.out(), weights.in());
  }

  @Override
  public String format() {
    return "BCQ"
        + weights.planes()
        + (weights.groups() == 1 ? "" : " g" + weights.groupSize())
        + (weights.hasOffset() ? " asymmetric" : "");
  }
}
