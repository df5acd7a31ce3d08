package nibble.quant.mixed;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link MixedPrecision}.
 *
 * @param images on which sensitivities are measured
 * @param below how many bits fewer than the scheme's a layer may get
 * @param above how many bits more
 */
public record MixedOptions(int images, int below, int above) {
  /** One bit less to two bits more, on 16 samples. */
  public static final MixedOptions DEFAULTS = new MixedOptions(16, 1, 2);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images",
              DEFAULTS.images,
              "samples on which the sensitivity of each layer is measured"),
          MethodOption.integer(
              "below", DEFAULTS.below, "how many bits fewer than the scheme's a layer may get"),
          MethodOption.integer(
              "above", DEFAULTS.above, "how many bits more than the scheme's a layer may get"));

  public MixedOptions {
    if (images < 1 || below < 0 || below > 6 || above < 0 || above > 6) {
      throw new IllegalArgumentException(
          "mixed needs images of at least 1 and 0 to 6 bits below and above, found %d, %d, %d"
              .formatted(images, below, above));
    }
  }

  static MixedOptions of(OptionValues values) {
    return new MixedOptions(
        values.integer("images"), values.integer("below"), values.integer("above"));
  }
}
