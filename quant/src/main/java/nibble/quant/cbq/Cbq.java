package nibble.quant.cbq;

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
 * CBQ: learns roundings and steps of the weights of several consecutive blocks together, in windows
 * that overlap.
 *
 * <p>Ding, Liu, Zhang, Tu, Hu, Wang, Zhang, Xiong, Wang: <a
 * href="https://arxiv.org/abs/2312.07950">arXiv:2312.07950</a> (ICLR 2025), from abstract, reviews
 * and memory; its code is not public.
 *
 * <pre>{@code
 * first             outliers: weights cut off, outlier channels of activations scaled down, exactly
 * window of n blocks, moving on by one
 *   min over A1, A2, t     E(window(X_f), window_q(X_q)) + E(window(X_q), window_q(X_q)) + drive to 0 or 1
 *   E(a, b) = mean (a - b)^2 + KL(softmax a || softmax b) over channels          X_f, X_q: inputs from the float and the quantized part before
 * when a block leaves the window    its roundings become hard, and it passes X_q on
 * }</pre>
 *
 * <p>Activation scales are found for each token, so there are no steps of activations to learn.
 * Where the scheme names no clip search, steps start at the range with the least error to the power
 * 2.4 (our choice). Layers outside blocks are rounded to nearest.
 */
public final class Cbq implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "cbq",
          "CBQ",
          "Ding, Liu, Zhang, Tu, Hu, Wang, Zhang, Xiong, Wang: arXiv:2312.07950",
          "some dozen samples, no labels; minutes of optimisation",
          "2 and 3 bits for weights, where errors of one block must be repaired by the next",
          CbqOptions.OPTIONS,
          List.of(
              "W2..8A16", "W2..8A2..8 with scales for each token", "groups of a multiple of 8"));

  private final CbqOptions options;

  /** With the given knobs. */
  public Cbq(CbqOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static Cbq of(OptionValues values) {
    return new Cbq(CbqOptions.of(values));
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
    return 5.0 * samples + 4.0 * options.window() * options.iterations() * options.batch();
  }

  @Override
  public MethodReport apply(ModelTask task) {
    return new CrossBlock(task, options).run();
  }
}
