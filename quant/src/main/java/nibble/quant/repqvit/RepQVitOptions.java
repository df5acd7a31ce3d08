package nibble.quant.repqvit;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.range.LogGrid;

/**
 * Knobs of {@link RepQVit}.
 *
 * @param images that ranges are fitted to, in one batch (paper: 32)
 * @param reparameterise whether inputs behind a LayerNorm get scales per channel that are folded
 *     (paper: yes); otherwise one scale per tensor
 * @param softmax grid of attention probabilities
 * @param zero what stands for probabilities below the last exponent; the authors' simulation has a
 *     code beside the 2^b exponents
 */
public record RepQVitOptions(
    int images, boolean reparameterise, Softmax softmax, LogGrid.Zero zero) {
  /** Grids of attention probabilities. */
  public enum Softmax {
    /** Powers of the square root of two. */
    LOG_SQRT2(0.5),
    /** Powers of two. */
    LOG2(1),
    /** Uniform. */
    UNIFORM(0);

    private final double step;

    Softmax(double step) {
      this.step = step;
    }

    double step() {
      return step;
    }
  }

  /** The paper's, with an honest code for zero. */
  public static final RepQVitOptions DEFAULTS =
      new RepQVitOptions(32, true, Softmax.LOG_SQRT2, LogGrid.Zero.RESERVED);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images",
              DEFAULTS.images,
              "samples that ranges are fitted to, in one batch (paper: 32)"),
          MethodOption.bool(
              "reparameterise",
              DEFAULTS.reparameterise,
              "scales per channel behind a LayerNorm, folded (paper: true)"),
          MethodOption.choice(
              "softmax", DEFAULTS.softmax, "grid of attention probabilities (paper: log-sqrt2)"),
          MethodOption.choice(
              "zero-code",
              "reserved",
              List.of("reserved", "extra"),
              "one of the codes, or one more as in the authors' simulation"));

  public RepQVitOptions {
    if (images < 1) {
      throw new IllegalArgumentException("images must be at least 1, was " + images);
    }
  }

  static RepQVitOptions of(OptionValues values) {
    return new RepQVitOptions(
        values.integer("images"),
        values.flag("reparameterise"),
        values.choice("softmax", Softmax.class),
        values.choice("zero-code", LogGrid.Zero.class));
  }
}
