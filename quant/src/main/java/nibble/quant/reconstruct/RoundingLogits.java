package nibble.quant.reconstruct;

import java.util.List;
import java.util.Optional;
import nibble.nn.Linear;
import nibble.nn.SiteFunction;
import nibble.nn.train.ParameterGroup;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.rounding.RoundingDrive;
import nibble.quant.rounding.RoundingGrid;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * AdaRound's variables of one weight: whether each element is rounded down or up. Nagel and others:
 * <a href="https://arxiv.org/abs/2004.10568">arXiv:2004.10568</a>, equations 21 to 24.
 *
 * <pre>{@code
 * soft weight   s (clamp(floor(W / s) + h(V) + z, n, p) - z)      regulariser   sum(1 - |2 h(V) - 1|^beta)
 * V begins where h(V) = W / s - floor(W / s), so the soft weight is the float weight where nothing is clipped
 * }</pre>
 *
 * <p>While it learns it stands in the layer's weight site and gives soft weights, or hard ones
 * instead of the weight. Serves one thread at a time.
 */
public final class RoundingLogits implements Learner, SiteFunction {
  private final Linear linear;
  private final RoundingGrid grid;
  private final RoundingDrive drive;
  private final Tensor logits;
  private final ParameterGroup group;
  private boolean hard;

  /**
   * @param params grids of the layer's shape
   * @param rate of Adam on the logits (AdaRound: 1e-2, BRECQ's code: 1e-3)
   */
  public RoundingLogits(Linear linear, QuantParams params, double rate, RoundingDrive drive) {
    this.linear = linear;
    this.drive = drive;
    grid = new RoundingGrid(linear.weight().peek().toFloats(), params);
    logits = grid.logits();
    group = ParameterGroup.of("roundings", rate, 0, logits);
  }

  /** The layer. */
  public Linear linear() {
    return linear;
  }

  /** V {@code [out, in]}, a leaf of differentiation; changed in place. */
  public Tensor logits() {
    return logits;
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
  public Optional<Tensor> penalty(Ops ops, double progress) {
    return drive.isOn(progress)
        ? Optional.of(
            ops.scale(
                grid.openness(ops, logits, drive.beta(progress)),
                (float) (drive.weight() / logits.size())))
        : Optional.empty();
  }

  @Override
  public void useHard(boolean value) {
    hard = value;
  }

  @Override
  public Tensor apply(Ops ops, Tensor weight) {
    return hard
        ? Tensor.of(harden().dequantize(), linear.out(), linear.in())
        : grid.soft(ops, logits);
  }

  /** The codes that V has decided for: up where {@code h(V) >= 0.5}. */
  public QuantizedTensor harden() {
    return grid.codes(logits.toFloats(), 0);
  }
}
