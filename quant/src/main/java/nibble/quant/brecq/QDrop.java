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
 * QDrop: learns roundings block by block as {@link Brecq} does, with quantized activations of which
 * each element is left in float half of the time.
 *
 * <p>Wei, Gong, Li, Liu, Yu: <a href="https://arxiv.org/abs/2203.05740">arXiv:2203.05740</a> (ICLR
 * 2022).
 *
 * <pre>{@code
 * input of a block     where(U < p, from the quantized part, from the float model), element by element
 * inside               every activation quantizer: where(U < p, fq(x), x), drawn anew each time
 * target               the output of the block in the float model
 * afterwards           every element is quantized
 * }</pre>
 *
 * <p>p = 1/2; the name notwithstanding, the code of the authors calls the share that stays
 * quantized the drop probability. Scales of activations are fitted once and not learned with the
 * roundings, which the paper does. Otherwise as {@link Brecq}.
 */
public final class QDrop implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "qdrop",
          "QDrop",
          "Wei, Gong, Li, Liu, Yu: arXiv:2203.05740",
          "some hundred samples, no labels; minutes of optimisation",
          "few bits for weights and activations, W4A4 to W2A4",
          BrecqOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; q, k, v and probabilities quantized in float",
              "W2..8A16"));

  private static final double LEFT_IN_FLOAT = 0.5;

  private final BrecqOptions options;

  /** With the given knobs. */
  public QDrop(BrecqOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static QDrop of(OptionValues values) {
    return new QDrop(BrecqOptions.of(values));
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
    return new BlockRounding(task, options).run(OptionalDouble.of(LEFT_IN_FLOAT));
  }
}
