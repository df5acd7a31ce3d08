package nibble.quant.lsq;

import nibble.nn.SiteFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * What stands in a site while its scale is learned. Serves one thread at a time.
 *
 * @param name of the site, for messages and stored states
 * @param bits of a code
 * @param function signed or unsigned LSQ of that many bits
 * @param scale the learned scales, a leaf of differentiation; changed in place
 */
public record LearnedQuantizer(String name, int bits, LsqFunction function, Tensor scale) implements SiteFunction {
  /** Smallest scale that training leaves (LSQ's lineage). */
  public static final float SMALLEST = 1e-4f;

  /**
   * From fitted scales on.
   *
   * @param unsigned codes from 0 up, for values that are not negative
   */
  public static LearnedQuantizer of(String name, int bits, boolean unsigned, Tensor start) {
    Tensor scale = Tensor.of(start.toFloats(), start.shape().dims()).requireGrad();
    LearnedQuantizer learned = new LearnedQuantizer(name, bits, unsigned ? LsqFunction.unsigned(bits) : LsqFunction.signed(bits), scale);
    learned.keepPositive();
    return learned;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(function, x, scale);
  }

  /** To be called after each update: no scale is below {@link #SMALLEST}. */
  public void keepPositive() {
    float[] values = scale.array();
    for (int i = scale.offset(); i < scale.offset() + scale.size(); i++) {
      values[i] = Math.max(SMALLEST, values[i]);
    }
  }

  /** The quantizer with the scales as they are now. */
  public UniformQuantizer frozen() {
    Tensor scales = Tensor.of(scale.toFloats(), scale.shape().dims());
    return function.min() < 0
        ? UniformQuantizer.symmetric(bits, scales)
        : UniformQuantizer.asymmetric(bits, scales, Tensor.zeros(scale.shape().dims()));
  }
}
