package nibble.quant.lsq;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
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
 * @param offset value of code 0, in the shape of the scales, learned as LSQ+ does; empty for LSQ,
 *     where code 0 stands for 0
 */
public record LearnedQuantizer(
    String name, int bits, LsqFunction function, Tensor scale, Optional<Tensor> offset)
    implements TrainedQuantizer {
  /** Smallest scale that training leaves (LSQ's lineage). */
  public static final float SMALLEST = 1e-4f;

  /**
   * From fitted scales on.
   *
   * @param unsigned codes from 0 up, for values that are not negative
   */
  public static LearnedQuantizer of(String name, int bits, boolean unsigned, Tensor start) {
    return started(
        new LearnedQuantizer(
            name,
            bits,
            unsigned ? LsqFunction.unsigned(bits) : LsqFunction.signed(bits),
            leaf(start),
            Optional.empty()));
  }

  /** LSQ+ with codes from 0 up, from fitted scales and offsets on. */
  public static LearnedQuantizer withOffset(String name, int bits, Tensor start, Tensor offset) {
    return started(
        new LearnedQuantizer(
            name, bits, LsqFunction.unsigned(bits), leaf(start), Optional.of(leaf(offset))));
  }

  private static Tensor leaf(Tensor start) {
    return Tensor.of(start.toFloats(), start.shape().dims()).requireGrad();
  }

  private static LearnedQuantizer started(LearnedQuantizer learned) {
    learned.project();
    return learned;
  }

  /** The scales, and the offsets where there are some. */
  @Override
  public Map<String, Tensor> leaves() {
    Map<String, Tensor> leaves = new LinkedHashMap<>();
    leaves.put("scale." + name, scale);
    offset.ifPresent(o -> leaves.put("offset." + name, o));
    return leaves;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return offset.isPresent()
        ? ops.custom(new LsqPlusFunction(function), x, scale, offset.get())
        : ops.custom(function, x, scale);
  }

  /** No scale is below {@link #SMALLEST}. */
  @Override
  public void project() {
    float[] values = scale.array();
    for (int i = scale.offset(); i < scale.offset() + scale.size(); i++) {
      values[i] = Math.max(SMALLEST, values[i]);
    }
  }

  /**
   * The quantizer with the scales as they are now.
   *
   * @throws IllegalStateException with offsets, which a stored quantizer takes as zero points only
   */
  @Override
  public UniformQuantizer frozen() {
    if (offset.isPresent()) {
      throw new IllegalStateException(
          "'" + name + "' has learned offsets; fold them into the layers that read the site");
    }
    Tensor scales = Tensor.of(scale.toFloats(), scale.shape().dims());
    return function.min() < 0
        ? UniformQuantizer.symmetric(bits, scales)
        : UniformQuantizer.asymmetric(bits, scales, Tensor.zeros(scale.shape().dims()));
  }
}
