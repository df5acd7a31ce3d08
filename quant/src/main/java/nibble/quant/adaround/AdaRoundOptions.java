package nibble.quant.adaround;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link AdaRound}.
 *
 * @param iterations updates of the rounding variables (paper: 10000 of minibatches; each of these
 *     sees all calibration data)
 * @param rate of Adam (authors' framework: 0.001 with 10000 iterations; AIMET: 0.01, from memory)
 * @param lambda weight of the term that drives variables to 0 or 1, as a share of the mean {@code
 *     s^2 H[j, j]}, so that it fits inputs of any size (paper: 0.01, absolute)
 * @param warmUp share of the iterations without this term (paper: 0.2)
 */
public record AdaRoundOptions(int iterations, double rate, double lambda, double warmUp) {
  /** Fewer, larger steps than the paper's, since each sees all data. */
  public static final AdaRoundOptions DEFAULTS = new AdaRoundOptions(1000, 0.01, 0.5, 0.2);

  private static final int MOST = 1_000_000;

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "iterations",
              DEFAULTS.iterations,
              "updates, each with all calibration data (paper: 10000 of minibatches)"),
          MethodOption.number(
              "rate", DEFAULTS.rate, "learning rate of Adam (0.001 with ten times the iterations)"),
          MethodOption.number(
              "lambda",
              DEFAULTS.lambda,
              "drive of the variables to 0 or 1, as a share of the mean s^2 H[j, j] (paper: 0.01,"
                  + " absolute)"),
          MethodOption.number(
              "warm-up",
              DEFAULTS.warmUp,
              "share of the iterations without this term (paper: 0.2)"));

  public AdaRoundOptions {
    if (iterations < 1 || iterations > MOST) {
      throw new IllegalArgumentException(
          "iterations must be 1 to %d, was %d".formatted(MOST, iterations));
    }
    if (!(rate > 0) || !(lambda >= 0) || !(warmUp >= 0 && warmUp < 1)) {
      throw new IllegalArgumentException(
          "rate must be positive, lambda not negative, warm-up in [0, 1); were %s, %s, %s"
              .formatted(rate, lambda, warmUp));
    }
  }

  static AdaRoundOptions of(OptionValues values) {
    return new AdaRoundOptions(
        values.integer("iterations"),
        values.number("rate"),
        values.number("lambda"),
        values.number("warm-up"));
  }
}
