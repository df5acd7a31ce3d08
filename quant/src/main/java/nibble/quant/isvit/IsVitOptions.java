package nibble.quant.isvit;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link IsVit}.
 *
 * @param images that ranges are fitted to and blocks tuned on (paper: 1024)
 * @param iterations updates of each block in each stage (paper: 1000; 200 at 6 bits); 0 tunes
 *     nothing
 * @param batch samples an update (paper: 64)
 * @param rate of Adam (paper: 4e-5 with a cosine)
 * @param smooth whether weights are tuned behind channel-wise activations first; otherwise only
 *     with everything quantized
 * @param innerRounding whether exponents of probabilities are integers, so that decoding is a shift
 *     (paper: yes)
 */
public record IsVitOptions(
    int images, int iterations, int batch, double rate, boolean smooth, boolean innerRounding) {
  /** For minutes on a processor. */
  public static final IsVitOptions DEFAULTS = new IsVitOptions(64, 100, 8, 4e-5, true, true);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images",
              DEFAULTS.images,
              "samples that ranges are fitted to and blocks tuned on (paper: 1024)"),
          MethodOption.integer(
              "iterations",
              DEFAULTS.iterations,
              "updates of each block in each stage (paper: 1000); 0 tunes nothing"),
          MethodOption.integer("batch", DEFAULTS.batch, "samples an update (paper: 64)"),
          MethodOption.number("rate", DEFAULTS.rate, "learning rate of weights (paper: 4e-5)"),
          MethodOption.bool(
              "smooth",
              DEFAULTS.smooth,
              "tune float weights behind channel-wise activations first (paper: true)"),
          MethodOption.bool(
              "inner-rounding",
              DEFAULTS.innerRounding,
              "integer exponents of probabilities, decoded by shifts (paper: true)"));

  public IsVitOptions {
    if (images < 1 || iterations < 0 || batch < 1 || !(rate > 0)) {
      throw new IllegalArgumentException(
          "is-vit needs positive images, batch and rate and iterations from 0, found %d, %d, %s, %d"
              .formatted(images, batch, rate, iterations));
    }
  }

  static IsVitOptions of(OptionValues values) {
    return new IsVitOptions(
        values.integer("images"),
        values.integer("iterations"),
        values.integer("batch"),
        values.number("rate"),
        values.flag("smooth"),
        values.flag("inner-rounding"));
  }
}
