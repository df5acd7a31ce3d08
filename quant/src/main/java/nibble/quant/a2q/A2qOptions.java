package nibble.quant.a2q;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link A2q}.
 *
 * @param accumulatorBits P
 * @param plus whether weights are centred (A2Q+)
 * @param iterations updates for each block
 * @param batch samples an update
 * @param rate of Adam
 * @param penalty weight of norms beyond the bound (paper: 1e-3, from memory)
 */
public record A2qOptions(
    int accumulatorBits, boolean plus, int iterations, int batch, double rate, double penalty) {
  /** For a minute on a processor with small models. */
  public static final A2qOptions DEFAULTS = new A2qOptions(16, false, 150, 4, 1e-2, 1e-3);

  private static final int MOST = 1_000_000;

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "accumulator-bits",
              DEFAULTS.accumulatorBits,
              "bits that no partial sum of a product leaves"),
          MethodOption.bool(
              "plus",
              DEFAULTS.plus,
              "centre weights at zero, which allows about twice the codes (A2Q+)"),
          MethodOption.integer("iterations", DEFAULTS.iterations, "updates for each block"),
          MethodOption.integer("batch", DEFAULTS.batch, "samples an update"),
          MethodOption.number("rate", DEFAULTS.rate, "learning rate, in steps of a code"),
          MethodOption.number(
              "penalty", DEFAULTS.penalty, "weight of norms beyond the bound (paper: 0.001)"));

  public A2qOptions {
    if (accumulatorBits < 2 || accumulatorBits > 32) {
      throw new IllegalArgumentException(
          "accumulator-bits must be 2 to 32, was " + accumulatorBits);
    }
    if (iterations < 1 || iterations > MOST || batch < 1 || batch > MOST) {
      throw new IllegalArgumentException(
          "iterations and batch must be 1 to %d, were %d and %d"
              .formatted(MOST, iterations, batch));
    }
    if (!(rate > 0) || !(penalty >= 0)) {
      throw new IllegalArgumentException(
          "rate must be positive and penalty not negative, were %s and %s"
              .formatted(rate, penalty));
    }
  }

  static A2qOptions of(OptionValues values) {
    return new A2qOptions(
        values.integer("accumulator-bits"),
        values.flag("plus"),
        values.integer("iterations"),
        values.integer("batch"),
        values.number("rate"),
        values.number("penalty"));
  }
}
