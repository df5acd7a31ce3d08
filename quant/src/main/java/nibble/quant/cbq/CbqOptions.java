package nibble.quant.cbq;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link Cbq}. Values of the paper are from memory.
 *
 * @param window blocks that are learned together (paper: 2)
 * @param iterations updates for each window (paper: 3 epochs of 128 samples)
 * @param batch samples an update (paper: 1 of 2048 tokens)
 * @param rank of the rounding matrix (paper: 5)
 * @param rate of Adam on its factors (paper: 1e-4)
 * @param stepRate of Adam on the logarithms of weight steps (paper: 1e-3 on the steps)
 * @param drive weight of the term that drives roundings to 0 or 1
 * @param preprocess whether outliers are treated first
 */
public record CbqOptions(
    int window,
    int iterations,
    int batch,
    int rank,
    double rate,
    double stepRate,
    double drive,
    boolean preprocess) {
  /** For a minute on a processor with small models. */
  public static final CbqOptions DEFAULTS = new CbqOptions(2, 150, 4, 5, 1e-2, 2e-3, 0.01, true);

  private static final int MOST = 1_000_000;

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "window",
              DEFAULTS.window,
              "blocks that are learned together; windows overlap by all but one (paper: 2)"),
          MethodOption.integer(
              "iterations",
              DEFAULTS.iterations,
              "updates for each window (paper: 3 epochs of 128 samples)"),
          MethodOption.integer(
              "batch", DEFAULTS.batch, "samples an update (paper: 1 of 2048 tokens)"),
          MethodOption.integer("rank", DEFAULTS.rank, "rank of the rounding matrix (paper: 5)"),
          MethodOption.number(
              "rate", DEFAULTS.rate, "learning rate of its factors (paper: 0.0001)"),
          MethodOption.number(
              "step-rate",
              DEFAULTS.stepRate,
              "learning rate of the logarithms of weight steps (paper: 0.001 on the steps)"),
          MethodOption.number(
              "drive",
              DEFAULTS.drive,
              "weight of the term that drives roundings to 0 or 1 (AdaRound: 0.01)"),
          MethodOption.bool(
              "preprocess",
              DEFAULTS.preprocess,
              "cut outliers of weights off and scale outlier channels of activations first"));

  public CbqOptions {
    for (int number : new int[] {window, iterations, batch, rank}) {
      if (number < 1 || number > MOST) {
        throw new IllegalArgumentException(
            "window, iterations, batch and rank must be 1 to %d, one is %d"
                .formatted(MOST, number));
      }
    }
    if (!(rate >= 0) || !(stepRate >= 0) || !(drive >= 0)) {
      throw new IllegalArgumentException(
          "rate, step-rate and drive must not be negative, were %s, %s and %s"
              .formatted(rate, stepRate, drive));
    }
  }

  static CbqOptions of(OptionValues values) {
    return new CbqOptions(
        values.integer("window"),
        values.integer("iterations"),
        values.integer("batch"),
        values.integer("rank"),
        values.number("rate"),
        values.number("step-rate"),
        values.number("drive"),
        values.flag("preprocess"));
  }
}
