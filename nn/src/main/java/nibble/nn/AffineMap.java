package nibble.nn;

import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A float map {@code M x + c} that runs beside a block: the block's result gains it. It repairs
 * what quantization did to the block (QwT). The weight is kept in 16 bits, the bias in 32.
 * Immutable.
 */
public final class AffineMap {
  private final Tensor weight;
  private final Tensor bias;
  private final FloatWeight packed;

  /**
   * @param weight {@code [out, in]}; rounded to F16
   * @param bias {@code [out]}
   * @throws IllegalArgumentException if the shapes do not fit or a weight does not fit F16
   */
  public AffineMap(Tensor weight, Tensor bias) {
    if (weight.rank() != 2 || bias.rank() != 1 || bias.dim(0) != weight.dim(0)) {
      throw new IllegalArgumentException(
          "a map beside a block needs a weight [out, in] and a bias [out], found "
              + weight.shape()
              + " and "
              + bias.shape());
    }
    this.weight = weight.to(DType.F16);
    this.bias = bias.toF32();
    for (float value : this.weight.toFloats()) {
      if (!Float.isFinite(value)) {
        throw new IllegalArgumentException(
            "a map beside a block has a weight outside the range of F16");
      }
    }
    packed = FloatWeight.of(this.weight);
  }

  /** The weight {@code [out, in]}, F16. */
  public Tensor weight() {
    return weight;
  }

  /** The bias {@code [out]}, F32. */
  public Tensor bias() {
    return bias;
  }

  /** Bytes that weight and bias occupy. */
  public long bytes() {
    return packed.bytes() + bias.byteSize();
  }

  /**
   * {@code y + M x + c} for {@code x [..., in]} and {@code y [..., out]}. Differentiable in both,
   * not in the map.
   */
  public Tensor addTo(Ops ops, Tensor x, Tensor y) {
    return ops.isRecording() && x.requiresGrad()
        ? ops.add(y, ops.linear(x, weight.toF32(), bias))
        : packed.multiplyAdd(ops, new LayerInput(x), bias, y);
  }
}
