package nibble.quant.mptqvit;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link MptqVit}.
 *
 * @param images that ranges are fitted to (paper: 32)
 * @param alpha how much of the difficulty goes to the weights
 * @param smooth whether channels are centred and smoothed behind a LayerNorm
 * @param ratio whether the ratio of the two grids behind GELU comes from data; otherwise one
 *     symmetric grid
 * @param above how many bits more than the scheme a layer may get; 0 with {@code below} 0 gives all
 *     the same
 * @param below how many bits fewer
 * @param sensitivityImages that losses are measured on
 */
public record MptqVitOptions(
    int images,
    double alpha,
    boolean smooth,
    boolean ratio,
    int above,
    int below,
    int sensitivityImages) {
  /** One precision. */
  public static final MptqVitOptions DEFAULTS = new MptqVitOptions(32, 0.5, true, true, 0, 0, 16);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images",
              DEFAULTS.images,
              "samples that ranges are fitted to, in one batch (paper: 32)"),
          MethodOption.number(
              "alpha",
              DEFAULTS.alpha,
              "how much of the difficulty goes to the weights (SmoothQuant: 0.5)"),
          MethodOption.bool(
              "smooth",
              DEFAULTS.smooth,
              "centre and smooth channels behind a LayerNorm (paper: true)"),
          MethodOption.bool(
              "ratio",
              DEFAULTS.ratio,
              "two grids behind GELU, their ratio from data; false: one symmetric grid (paper:"
                  + " true)"),
          MethodOption.integer(
              "above",
              DEFAULTS.above,
              "how many bits more than the scheme's a layer may get, for mixed precision"),
          MethodOption.integer(
              "below",
              DEFAULTS.below,
              "how many bits fewer than the scheme's a layer may get, for mixed precision"),
          MethodOption.integer(
              "sensitivity-images",
              DEFAULTS.sensitivityImages,
              "samples on which losses of single layers are measured"));

  public MptqVitOptions {
    if (images < 1
        || sensitivityImages < 1
        || !(alpha >= 0 && alpha <= 1)
        || above < 0
        || above > 6
        || below < 0
        || below > 6) {
      throw new IllegalArgumentException(
          "mptq-vit needs images of at least 1, alpha from 0 to 1 and 0 to 6 bits above and below, found %d, %d, %s, %d, %d"
              .formatted(images, sensitivityImages, alpha, above, below));
    }
  }

  static MptqVitOptions of(OptionValues values) {
    return new MptqVitOptions(
        values.integer("images"),
        values.number("alpha"),
        values.flag("smooth"),
        values.flag("ratio"),
        values.integer("above"),
        values.integer("below"),
        values.integer("sensitivity-images"));
  }
}
