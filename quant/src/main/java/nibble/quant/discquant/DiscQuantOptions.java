package nibble.quant.discquant;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link DiscQuant}.
 *
 * @param iterations updates (paper: 128 of 1024 samples)
 * @param batch samples an update (paper: 8 of 2048 tokens)
 * @param rate of Adam (paper: 0.05 to 0.1)
 * @param weight rho of the divergence (paper: 200)
 * @param limit of its gradient (paper: 0.5 or 1)
 */
public record DiscQuantOptions(
    int iterations, int batch, double rate, double weight, double limit) {
  /** For a minute on a processor with small models. */
  public static final DiscQuantOptions DEFAULTS = new DiscQuantOptions(128, 4, 0.05, 200, 1);

  private static final int MOST = 1_000_000;

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "iterations", DEFAULTS.iterations, "updates of all roundings together (paper: 128)"),
          MethodOption.integer(
              "batch", DEFAULTS.batch, "samples an update (paper: 8 of 2048 tokens)"),
          MethodOption.number(
              "rate",
              DEFAULTS.rate,
              "learning rate of Adam, falling along a cosine (paper: 0.05 to 0.1)"),
          MethodOption.number(
              "weight", DEFAULTS.weight, "rho, weight of the divergence (paper: 200)"),
          MethodOption.number(
              "limit", DEFAULTS.limit, "largest gradient of the divergence (paper: 0.5 or 1)"));

  public DiscQuantOptions {
    if (iterations < 1 || iterations > MOST || batch < 1 || batch > MOST) {
      throw new IllegalArgumentException(
          "iterations and batch must be 1 to %d, were %d and %d"
              .formatted(MOST, iterations, batch));
    }
    if (!(rate > 0) || !(weight >= 0) || !(limit >= 0)) {
      throw new IllegalArgumentException(
          "rate must be positive, weight and limit not negative, were %s, %s and %s"
              .formatted(rate, weight, limit));
    }
  }

  static DiscQuantOptions of(OptionValues values) {
    return new DiscQuantOptions(
        values.integer("iterations"),
        values.integer("batch"),
        values.number("rate"),
        values.number("weight"),
        values.number("limit"));
  }
}
