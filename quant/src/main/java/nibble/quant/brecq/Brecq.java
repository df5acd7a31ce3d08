package nibble.quant.brecq;

import java.util.List;
import java.util.OptionalDouble;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;

/**
 * BRECQ: learns the roundings of all weights of a block together, so that the output of the block
 * stays.
 *
 * <p>Li, Gong, Tan, Yang, Hu, Zhang, Yu, Wang, Gu: <a
 * href="https://arxiv.org/abs/2102.05426">arXiv:2102.05426</a> (ICLR 2021). As in its main script
 * errors of the output count alike by default; {@code loss} weighs them by gradients, as the paper.
 *
 * <pre>{@code
 * block by block   X: its input from the quantized part before, activations in float      Y: its output in the float model
 * min over V       mean G^2 (block(X; W(V)) - Y)^2 + the term of AdaRound that drives roundings to 0 or 1
 * G                1, or |dL/dY| + 1 for the divergence L from the float model's result, the block rounded to nearest
 * then             one grid for each activation, with the least squared error of shrinking ranges
 * }</pre>
 *
 * <p>A block is a whole transformer block; patch embedding and head are blocks of their own. Grids
 * of weights are symmetric, one a row, by the 2.4-norm (the paper: affine). Scales of activations
 * are not learned afterwards, which the paper does. The roundings with the least error on all
 * samples are kept, those to nearest among them.
 */
public final class Brecq implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "brecq",
          "BRECQ",
          "Li, Gong, Tan, Yang, Hu, Zhang, Yu, Wang, Gu: arXiv:2102.05426",
          "some hundred samples, no labels; minutes of optimisation",
          "few bits for weights and more for activations, W3A8 or W2A8; qdrop where activations"
              + " have few bits too",
          BrecqOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; q, k, v and probabilities quantized in float",
              "W2..8A16"));

  private final BrecqOptions options;

  /** With the given knobs. */
  public Brecq(BrecqOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static Brecq of(OptionValues values) {
    return new Brecq(BrecqOptions.of(values));
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
  public double passes(int samples) {
    return 4.0 * options.iterations() * options.batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    return new BlockRounding(task, options).run(OptionalDouble.empty());
  }
}
