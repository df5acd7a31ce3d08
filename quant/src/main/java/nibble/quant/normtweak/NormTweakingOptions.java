package nibble.quant.normtweak;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link NormTweaking}.
 *
 * @param tune how gains are found
 * @param ridge of the closed form, as a share of the mean diagonal
 * @param iterations updates for each block when trained; few, since more fit the samples instead of
 *     the statistics (paper: one epoch of 128 samples)
 * @param batch samples an update
 * @param rate of Adam in the first block (paper: about 1e-5, from memory)
 * @param depth how much more the rate is in the last block: {@code rate (1 + depth l / L)} (form
 *     from memory)
 * @param ownText whether the model writes the samples itself (paper: yes)
 */
public record NormTweakingOptions(
    Tune tune,
    double ridge,
    int iterations,
    int batch,
    double rate,
    double depth,
    boolean ownText) {
  /** How gains are found. */
  public enum Tune {
    /** Least squares of the outputs of the layers behind a normalisation. */
    CLOSED_FORM,
    /** Trained on the statistics of the block's output. */
    STATISTICS
  }

  /** For seconds on a processor with small models. */
  public static final NormTweakingOptions DEFAULTS =
      new NormTweakingOptions(Tune.STATISTICS, 0.01, 32, 4, 2e-3, 1, false);

  private static final int MOST = 1_000_000;

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.choice(
              "tune",
              DEFAULTS.tune,
              "statistics: trained on channel means and variances (paper); closed-form: least"
                  + " squares"),
          MethodOption.number(
              "ridge",
              DEFAULTS.ridge,
              "pull of the closed form to 1, as a share of the mean diagonal"),
          MethodOption.integer(
              "iterations",
              DEFAULTS.iterations,
              "updates for each block when trained (paper: one epoch of 128 samples)"),
          MethodOption.integer("batch", DEFAULTS.batch, "samples an update"),
          MethodOption.number(
              "rate",
              DEFAULTS.rate,
              "learning rate in the first block (paper: about 0.00001 for large models)"),
          MethodOption.number(
              "depth", DEFAULTS.depth, "share of the rate that the last block has more"),
          MethodOption.bool(
              "own-text",
              DEFAULTS.ownText,
              "let the model write the samples itself (paper: true)"));

  public NormTweakingOptions {
    if (!(ridge >= 0) || !(rate > 0) || !(depth >= 0)) {
      throw new IllegalArgumentException(
          "ridge and depth must not be negative, rate positive, were %s, %s and %s"
              .formatted(ridge, depth, rate));
    }
    if (iterations < 1 || iterations > MOST || batch < 1 || batch > MOST) {
      throw new IllegalArgumentException(
          "iterations and batch must be 1 to %d, were %d and %d"
              .formatted(MOST, iterations, batch));
    }
  }

  static NormTweakingOptions of(OptionValues values) {
    return new NormTweakingOptions(
        values.choice("tune", Tune.class),
        values.number("ridge"),
        values.integer("iterations"),
        values.integer("batch"),
        values.number("rate"),
        values.number("depth"),
        values.flag("own-text"));
  }
}
