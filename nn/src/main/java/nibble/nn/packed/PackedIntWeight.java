package nibble.nn.packed;

import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntGemm;
import nibble.kernels.lowbit.IntWeights;
import nibble.nn.RowTable;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A weight of packed integer codes, for linear layers and for look-up tables. With an activation quantizer the product is one of integers: activations are quantized, sums are exact,
 * scales are applied at the end. Without one, float activations meet dequantized weights tile by tile.
 *
 * @param weights codes, scales and zero points
 * @param activations how the input is quantized; null for float activations
 */
public record PackedIntWeight(IntWeights weights, @Nullable ActivationQuantizer activations) implements PackedWeight, RowTable {
  @Override
  public int out() {
    return weights.out();
  }

  @Override
  public int in() {
    return weights.in();
  }

  @Override
  public int rows() {
    return weights.out();
  }

  @Override
  public int width() {
    return weights.in();
  }

  @Override
  public void row(int index, float[] to, int at) {
    weights.dequantize(index, to, at);
  }

  @Override
  public Tensor multiply(Ops ops, Tensor x, @Nullable Tensor bias) {
    int in = weights.in();
    int rows = Products.rows(ops, x, in);
    Shape shape = x.shape().with(-1, weights.out());
    Tensor out = ops.empty(shape.dims());
    Tensor input = x.toF32();
    float[] b = Products.plain(bias);
    if (activations == null) {
      IntGemm.best()
          .multiply(
              rows, input.array(), input.offset(), in, weights, b, out.array(), out.offset(), weights.out(), ops.splitter());
    } else {
      IntGemm.best()
          .multiply(
              rows, input.array(), input.offset(), in, activations, weights, b, out.array(), out.offset(), weights.out(), ops.splitter());
    }
    return out;
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

  /** The same weight with other treatment of activations. */
  public PackedIntWeight withActivations(@Nullable ActivationQuantizer quantizer) {
    return new PackedIntWeight(weights, quantizer);
  }

  @Override
  public String format() {
    String group = weights.groups() == 1 ? "" : " g" + weights.groupSize();
    String kind = weights.isSymmetric() ? "" : " asymmetric";
    String input =
        switch (activations) {
          case null -> "";
          case ActivationQuantizer.PerToken a -> ", activations INT" + a.bits() + " per token";
          case ActivationQuantizer.PerTensor a -> ", activations INT" + a.bits() + " static";
        };
    return "INT" + weights.bits() + group + kind + input;
  }
}
