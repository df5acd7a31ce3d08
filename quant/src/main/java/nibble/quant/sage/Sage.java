package nibble.quant.sage;

import java.util.List;
import java.util.Map;
import nibble.kernels.attention.SmoothedScores;
import nibble.nn.site.SmoothedQuantizer;
import nibble.nn.site.SmoothedQuantizer.Mean;
import nibble.quant.method.MethodCard;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;

/**
 * SageAttention2: queries and keys of every attention have few bits per block of tokens, after the
 * mean over tokens was taken off.
 *
 * <p>Zhang and others, <a href="https://arxiv.org/abs/2411.10958">arXiv:2411.10958</a>, with the
 * authors' code; what is computed says {@link SmoothedQuantizer}.
 *
 * <p>The products run in integers, {@link nibble.kernels.attention.SmoothedAttention}: with 4 bits
 * two in a lane, which is a little faster than float attention for long inputs and slower for short
 * ones; with 8 bits one in a lane, which is slower. Where gradients are recorded, a cache holds
 * codes or something else stands in a site, codes are simulated in float. Left out: FP8
 * probabilities and values, scales per thread of a GPU's matrix instruction, the choice of 8 bits
 * for single layers.
 *
 * @param bits of queries and keys, 4 or 8
 * @param smoothQueries whether queries lose the mean of their block
 * @param smoothKeys whether keys lose their mean
 */
public record Sage(int bits, boolean smoothQueries, boolean smoothKeys) implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "sage",
          "SageAttention2",
          "Zhang and others 2024, arXiv:2411.10958",
          "nothing; behind a method for weights, or alone",
          "long prompts and texts; to see what integer attention scores cost in quality",
          List.of(
              MethodOption.choice(
                  "sage-bits", "4", List.of("4", "8"), "bits of queries and keys (paper: 4, or 8)"),
              MethodOption.bool(
                  "smooth-queries", true, "take the mean of 128 queries off (paper: true)"),
              MethodOption.bool(
                  "smooth-keys", true, "take the mean of all keys off (paper: true)")),
          List.of("whatever it stands behind; integer products of queries and keys"));

  public Sage {
    if (bits != 4 && bits != 8) {
      throw new IllegalArgumentException("sage-bits must be 4 or 8, was " + bits);
    }
  }

  /** From options as the catalogue resolves them. */
  public static Sage of(OptionValues values) {
    return new Sage(
        Integer.parseInt(values.word("sage-bits")),
        values.flag("smooth-queries"),
        values.flag("smooth-keys"));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.NONE;
  }

  @Override
  public MethodPlace place() {
    return MethodPlace.MEND;
  }

  @Override
  public boolean mendsFloat() {
    return true;
  }

  @Override
  public double passes(int samples) {
    return 0;
  }

  @Override
  public MethodReport apply(ModelTask task) {
    int found = 0;
    for (ActivationSite site : ActivationSite.of(task.model())) {
      switch (site.role()) {
        case QUERY -> {
          site.site()
              .append(
                  new SmoothedQuantizer(
                      bits, SmoothedScores.QUERY_BLOCK, smoothQueries ? Mean.BLOCK : Mean.NONE));
          found++;
        }
        case KEY ->
            site.site()
                .append(
                    new SmoothedQuantizer(
                        bits, SmoothedScores.KEY_BLOCK, smoothKeys ? Mean.ALL : Mean.NONE));
        default -> {}
      }
    }
    if (found == 0) {
      throw new IllegalArgumentException(
          "sage quantizes queries and keys of attention, "
              + task.model().architecture()
              + " shows none");
    }
    return new MethodReport(List.of(), Map.of("sage.attentions", (double) found), List.of());
  }
}
