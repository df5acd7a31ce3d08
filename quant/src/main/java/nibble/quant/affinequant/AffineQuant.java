package nibble.quant.affinequant;

import java.util.List;
import nibble.quant.format.Scheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.ActivationQuantizers;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.omniquant.EquivalentTraining;

/**
 * AffineQuant: as {@link nibble.quant.omniquant.OmniQuant}, with a matrix instead of a scale for
 * each channel where a matrix can be folded.
 *
 * <p>Ma, Li, Zheng, Ling, Xiao, Wang, Wen, Chao, Ji: <a
 * href="https://arxiv.org/abs/2403.12544">arXiv:2403.12544</a> (ICLR 2024), equations 4 to 7.
 *
 * <pre>{@code
 * values to output    v' = v A^-1,  W_o' = W_o A^T for each key head     A* = A o M
 * queries, keys       q' = q A,     k' = k A^-T for each key head        (without rotary positions; with them, a scale for each pair)
 * norm to layers      a scale and a shift for each channel, as only those fold into a normalisation
 * M = 1 on the diagonal, stability where 0 < |i - j| <= band, else 0;    the band grows from 0 to all while training
 * }</pre>
 *
 * <p>Rows of A* that lose strict diagonal dominance after an update are shrunk off the diagonal
 * until nine tenths of the diagonal are left (our guard; the paper makes stability small), so every
 * inverse exists. Differs from the authors' code: for weights alone they also keep matrices behind
 * normalisations, which costs a product more in the forward pass and is left out here; the rest as
 * in OmniQuant.
 */
public final class AffineQuant implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "affinequant",
          "AffineQuant",
          "Ma, Li, Zheng, Ling, Xiao, Wang, Wen, Chao, Ji: arXiv:2403.12544",
          "some dozen samples, no labels; seconds to minutes of optimisation",
          "where omniquant is not enough; it learns more, so it wants more samples",
          AffineQuantOptions.OPTIONS,
          List.of(
              "W2..8A16", "W2..8A2..8 with scales for each token", "groups of a multiple of 8"));

  private final AffineQuantOptions options;

  /** With the given knobs. */
  public AffineQuant(AffineQuantOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static AffineQuant of(OptionValues values) {
    return new AffineQuant(AffineQuantOptions.of(values));
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
