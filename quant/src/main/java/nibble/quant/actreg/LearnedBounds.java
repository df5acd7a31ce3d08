package nibble.quant.actreg;

import nibble.nn.SiteFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * What stands in a site while its bounds are learned. Serves one thread at a time.
 *
 * @param name of the site, for messages
 * @param bits of a code
 * @param bounds {@code [c-, c+]}, a leaf of differentiation; changed in place
 */
record LearnedBounds(String name, int bits, Tensor bounds) implements SiteFunction {
  /** Smallest distance of the bounds (card). */
  static final float GAP = 1e-3f;

  /** From bounds on. */
  static LearnedBounds of(String name, int bits, float low, float high) {
    LearnedBounds learned =
        new LearnedBounds(name, bits, Tensor.of(new float[] {low, high}, 2).requireGrad());
    learned.keepApart();
    return learned;
  }

  /** From the grid of a quantizer for the whole tensor on. */
  static LearnedBounds of(String name, UniformQuantizer start) {
    float scale = start.scales().toFloats()[0];
    Tensor zero = start.zeroPoints();
    float z = zero == null ? 0 : zero.toFloats()[0];
    int levels = (1 << start.bits()) - 1;
    return of(name, start.bits(), -scale * z, scale * (levels - z));
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(new BoundsFunction(bits), x, bounds);
  }

  /**
   * To be called after each update: 0 lies between the bounds, and they are {@value #GAP} apart.
   */
  void keepApart() {
    float[] values = bounds.array();
    int at = bounds.offset();
    values[at] = Math.min(0, values[at]);
    values[at + 1] = Math.max(values[at] + GAP, Math.max(0, values[at + 1]));
  }

  /** The same grid with the bounds as they are now. */
  UniformQuantizer frozen() {
    BoundsFunction function = new BoundsFunction(bits);
    return UniformQuantizer.asymmetric(
        bits, Tensor.scalar(function.scale(bounds)), Tensor.scalar(function.zeroPoint(bounds)));
  }
}
