package nibble.quant.cbq;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import nibble.nn.Linear;
import nibble.nn.SiteFunction;
import nibble.nn.train.ParameterGroup;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.reconstruct.Learner;
import nibble.quant.rounding.RectifiedSigmoid;
import nibble.quant.rounding.RoundingDrive;
import nibble.quant.rounding.RoundingGrid;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * LoRA-Rounding: AdaRound's variables as those of round to nearest plus a matrix of low rank, and
 * learned steps:
 *
 * <pre>{@code
 * V = V0 + A1 A2      A1 [out, r], A2 [r, in]       h(V0) = W / s0 - floor(W / s0)
 * W~ = s (clamp(floor(W / s0) + h(V) + z) - z)      s = s0 exp(t)
 * }</pre>
 *
 * <p>V0 is our choice, since a product of low rank alone cannot begin at the weight; A1 begins at
 * 0. The logarithm t makes a rate mean a share of the step. Codes stay floor or ceiling of {@code W
 * / s0}. While it learns it stands in the layer's weight site.
 */
final class LowRankRounding implements Learner, SiteFunction {
  private final Linear linear;
  private final RoundingGrid grid;
  private final RoundingDrive drive;
  private final Tensor start;
  private final Tensor first;
  private final Tensor second;
  private final Tensor steps;
  private final List<ParameterGroup> groups;
  private boolean hard;

  /**
   * How it learns.
   *
   * @param rank r
   * @param rate of Adam on A1 and A2
   * @param stepRate of Adam on t
   */
  record Rates(int rank, double rate, double stepRate) {}

  LowRankRounding(Linear linear, QuantParams params, Rates rates, RoundingDrive drive, long seed) {
    this.linear = linear;
    this.drive = drive;
    grid = new RoundingGrid(linear.weight().peek().toFloats(), params);
    start = grid.logits().detach();
    first = Tensor.zeros(linear.out(), rates.rank()).requireGrad();
    SplittableRandom random = new SplittableRandom(seed);
    float[] a = new float[Math.multiplyExact(rates.rank(), linear.in())];
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) random.nextGaussian();
    }
    second = Tensor.of(a, rates.rank(), linear.in()).requireGrad();
    steps = Tensor.zeros(params.scales().length).requireGrad();
    groups =
        new ArrayList<>(
            List.of(
                ParameterGroup.of("roundings", rates.rate(), 0, first, second),
                ParameterGroup.of("steps", rates.stepRate(), 0, steps)));
  }

  Linear linear() {
    return linear;
  }

  private Tensor logits(Ops ops) {
    return ops.add(start, ops.matmul(first, second));
  }

  private Tensor scales(Ops ops) {
    return ops.mul(
        Tensor.of(grid.params().scales(), grid.params().scales().length), ops.exp(steps));
  }

  @Override
  public List<ParameterGroup> groups() {
    return groups;
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
                grid.openness(ops, logits(ops), drive.beta(progress)),
                (float) (drive.weight() / start.size())))
        : Optional.empty();
  }

  @Override
  public void useHard(boolean value) {
    hard = value;
  }

  @Override
  public Tensor apply(Ops ops, Tensor weight) {
    if (hard) {
      return Tensor.of(codes(ops).dequantize(), linear.out(), linear.in());
    }
    return grid.between(ops, ops.custom(new RectifiedSigmoid(), logits(ops)), scales(ops));
  }

  /** The codes that V has decided for, with the learned steps. */
  QuantizedTensor codes(Ops ops) {
    try (var inference = ops.noGrad()) {
      QuantParams p = grid.params();
      QuantParams learned =
          new QuantParams(
              p.format(),
              p.granularity(),
              p.rows(),
              p.columns(),
              scales(ops).toFloats(),
              p.zeroPoints());
      return grid.codes(logits(ops).toFloats(), 0, learned);
    }
  }
}
