package nibble.quant.omniquant;

import java.util.List;
import nibble.quant.format.Scheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.ActivationQuantizers;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;

/**
 * OmniQuant: learns how far weights are clipped, and scales and shifts of channels that leave the
 * function as it is, so that the output of each block stays.
 *
 * <p>Shao, Chen, Zhang, Xu, Zhao, Li, Zhang, Gao, Qiao, Luo: <a
 * href="https://arxiv.org/abs/2308.13137">arXiv:2308.13137</a> (ICLR 2024).
 *
 * <pre>{@code
 * block by block   X: its input from the quantized part before       Y: its output in the float model on the float input
 * min over u, l, s, d, t     mean (block(X; fq(W'; sigma(u) max W', sigma(l) min W')) - Y)^2
 * norm to layers   x' = (x - d) / s      W' = W diag(s)       b' = b + W d
 * v to o           v' = v / s            W_o' = W_o diag(s)
 * q against k      q' = q / t            k' = k t             t tied over the two channels of a rotary pair
 * then             fold, round, go on with what the packed block gives
 * }</pre>
 *
 * <p>Differs from the authors' code: t is tied, which theirs is not, so that the fold is exact
 * under rotary positions; grids and granularity are those of the scheme; queries, keys, values and
 * probabilities stay in float (the paper quantizes them too where activations are quantized);
 * scales of v and o are shared by the query heads of a group instead of left out; the values with
 * the least error on all samples are kept, those of round to nearest among them. Layers outside
 * blocks are rounded to nearest.
 */
public final class OmniQuant implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "omniquant",
          "OmniQuant",
          "Shao, Chen, Zhang, Xu, Zhao, Li, Zhang, Gao, Qiao, Luo: arXiv:2308.13137",
          "some dozen samples, no labels; seconds to minutes of optimisation",
          "few bits for weights, or for weights and activations, with nothing left to do in the"
              + " forward pass",
          OmniQuantOptions.OPTIONS,
          List.of(
              "W2..8A16", "W2..8A2..8 with scales for each token", "groups of a multiple of 8"));

  private final OmniQuantOptions options;

  /** With the given knobs. */
  public OmniQuant(OmniQuantOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static OmniQuant of(OptionValues values) {
    return new OmniQuant(OmniQuantOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.SAMPLES;
  }

  @Override
  public void check(Scheme scheme) {
    ActivationQuantizers.requireTokens(name(), scheme);
  }

  @Override
  public double passes(int samples) {
    return 5.0 * samples + 4.0 * options.iterations() * options.batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    return new EquivalentTraining(task, options.knobs()).run();
  }
}
