package nibble.quant.omniquant;

import java.util.Arrays;
import java.util.List;
import nibble.nn.Linear;
import nibble.nn.SiteFunction;
import nibble.nn.train.ParameterGroup;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.reconstruct.Learner;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * The shares of a weight's ranges that its grids keep, learned: {@code sigma(u)} above and {@code
 * sigma(l)} below zero, see {@link ClipFunction}. While it learns it stands in the layer's weight
 * site and rounds whatever weight passes.
 */
public final class LearnedClip implements Learner, SiteFunction {
  /** {@code sigma(4) = 0.982}: where training begins (OmniQuant's code). */
  private static final float START = 4;

  /** {@code sigma} of it is 1 in float: the whole range. */
  private static final float WHOLE = 40;

  private final Linear linear;
  private final ClipFunction function;
  private final Tensor upper;
  private final Tensor lower;
  private final ParameterGroup group;

  /**
   * Keeping whole ranges.
   *
   * @param scheme grids; its clip search is not used
   * @param rate of Adam on the logits (OmniQuant: 1e-2)
   */
  public LearnedClip(Linear linear, WeightScheme scheme, double rate) {
    this.linear = linear;
    function = new ClipFunction(scheme.format(), scheme.granularity());
    int count = scheme.granularity().scaleCount(linear.out(), linear.in());
    upper = Tensor.zeros(count).requireGrad();
    lower = Tensor.zeros(count).requireGrad();
    group = ParameterGroup.of("clips", rate, 0, upper, lower);
    neutralise();
  }

  /** Begins to clip a little, where logits can learn. */
  public void start() {
    fill(START);
  }

  /** Keeps whole ranges: round to nearest. */
  public void neutralise() {
    fill(WHOLE);
  }

  private void fill(float value) {
    Arrays.fill(upper.array(), upper.offset(), upper.offset() + (int) upper.size(), value);
    Arrays.fill(lower.array(), lower.offset(), lower.offset() + (int) lower.size(), value);
  }

  /** The layer. */
  public Linear linear() {
    return linear;
  }

  /** Logits u of the upper ends, a leaf of differentiation. */
  public Tensor upper() {
    return upper;
  }

  /** Logits l of the lower ends, a leaf of differentiation. */
  public Tensor lower() {
    return lower;
  }

  @Override
  public List<ParameterGroup> groups() {
    return List.of(group);
  }

  @Override
  public void begin() {
    linear.weightSite().append(this);
  }

  @Override
  public void end() {
    linear.weightSite().remove(this);
  }

  @Override
  public Tensor apply(Ops ops, Tensor weight) {
    return ops.custom(function, weight, upper, lower);
  }

  /** The codes of the layer's weight as it is now. */
  public QuantizedTensor codes() {
    float[] w = linear.weight().peek().toFloats();
    QuantParams params =
        function.params(w, linear.out(), linear.in(), upper.toFloats(), lower.toFloats());
    return new QuantizedTensor(params.quantize(linear.name(), w, 0), params);
  }
}
