package nibble.quant.outliers;

import java.util.List;
import nibble.quant.fold.ScalePlaces;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link Outliers}.
 *
 * @param channels outlier channels of each input
 * @param factor how much larger they become; above 0
 * @param places which inputs get them
 */
public record OutlierOptions(int channels, double factor, ScalePlaces places) {
  /** Three channels, 30 times as large, behind every normalisation. */
  public static final OutlierOptions DEFAULTS = new OutlierOptions(3, 30, ScalePlaces.NORMS);

  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "outlier-channels",
              DEFAULTS.channels,
              "channels of each input that become outliers, drawn from the seed"),
          MethodOption.number("outlier-factor", DEFAULTS.factor, "how much larger they become"),
          MethodOption.choice(
              "outlier-places",
              DEFAULTS.places,
              "inputs behind a norm; also values and feed-forward channels; all"));

  public OutlierOptions {
    if (channels < 1 || !(factor > 0) || factor > 1e4) {
      throw new IllegalArgumentException(
          "outlier-channels must be at least 1 and outlier-factor above 0 and at most 10000, were %d and %s"
              .formatted(channels, factor));
    }
  }

  static OutlierOptions of(OptionValues values) {
    return new OutlierOptions(
        values.integer("outlier-channels"),
        values.number("outlier-factor"),
        values.choice("outlier-places", ScalePlaces.class));
  }
}
