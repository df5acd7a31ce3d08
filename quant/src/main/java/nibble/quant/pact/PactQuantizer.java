package nibble.quant.pact;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Stands in a site while its bounds are learned. Serves one thread at a time.
 *
 * @param name of the site
 * @param upper alpha, rank 0, a leaf
 * @param lower n, rank 0, a leaf; 0 where codes are unsigned
 * @param decay weight of {@code alpha^2 + n^2} in the loss
 */
record PactQuantizer(String name, PactFunction function, Tensor upper, Tensor lower, double decay)
    implements TrainedQuantizer {
  private static final float SMALLEST = 1e-3f;

  /** From bounds {@code hi > 0} and {@code lo <= 0} on; unsigned if {@code lo} is 0. */
  static PactQuantizer of(String name, int bits, float hi, float lo, double decay) {
    PactQuantizer quantizer =
        new PactQuantizer(
            name,
            new PactFunction(bits, lo < 0),
            Tensor.scalar(hi).requireGrad(),
            Tensor.scalar(lo).requireGrad(),
            decay);
    quantizer.project();
    return quantizer;
  }

  @Override
  public Map<String, Tensor> leaves() {
    Map<String, Tensor> leaves = new LinkedHashMap<>();
    leaves.put("upper." + name, upper);
    if (function.signed()) {
      leaves.put("lower." + name, lower);
    }
    return leaves;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(function, x, upper, lower);
  }

  @Override
  public Optional<Tensor> penalty(Ops ops) {
    if (decay == 0) {
      return Optional.empty();
    }
    Tensor squares =
        function.signed() ? ops.add(ops.square(upper), ops.square(lower)) : ops.square(upper);
    return Optional.of(ops.scale(squares, (float) decay));
  }

  @Override
  public void project() {
    upper.array()[upper.offset()] = Math.max(SMALLEST, upper.array()[upper.offset()]);
    if (function.signed()) {
      lower.array()[lower.offset()] = Math.min(-SMALLEST, lower.array()[lower.offset()]);
    }
  }

  @Override
  public UniformQuantizer frozen() {
    float hi = upper.item();
    float lo = function.signed() ? lower.item() : 0;
    return UniformQuantizer.asymmetric(
        function.bits(),
        Tensor.scalar(function.scale(lo, hi)),
        Tensor.scalar(function.zeroPoint(lo, hi)));
  }
}
