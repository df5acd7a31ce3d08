package nibble.quant.lrpqvit;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link LrpQVit}.
 *
 * @param images that ranges are fitted to (paper: 32)
 * @param relevanceImages that relevance and losses of layers are measured on
 * @param below how many bits fewer than the scheme's a layer may get
 * @param above how many bits more; 0 and 0 give all the same
 * @param importance what weighs a layer
 * @param clip whether scales of channels are clipped before they are folded
 */
public record LrpQVitOptions(
    int images, int relevanceImages, int below, int above, Importance importance, boolean clip) {
  /** What weighs a layer. */
  public enum Importance {
    /** Relevance times the error of the result when this layer alone is quantized. */
    RELEVANCE,
    /** The error alone. */
    ERROR
  }

  /** One bit fewer to one bit more. */
  public static final LrpQVitOptions DEFAULTS =
      new LrpQVitOptions(32, 16, 1, 1, Importance.RELEVANCE, true);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images",
              DEFAULTS.images,
              "samples that ranges are fitted to, in one batch (paper: 32)"),
          MethodOption.integer(
              "relevance-images",
              DEFAULTS.relevanceImages,
              "samples that relevance and errors of layers are measured on"),
          MethodOption.integer(
              "below", DEFAULTS.below, "how many bits fewer than the scheme's a layer may get"),
          MethodOption.integer(
              "above", DEFAULTS.above, "how many bits more than the scheme's a layer may get"),
          MethodOption.choice(
              "importance",
              DEFAULTS.importance,
              "relevance times error of a layer, or the error alone"),
          MethodOption.bool(
              "clip",
              DEFAULTS.clip,
              "clip scales of channels before they are folded (paper: true)"));

  public LrpQVitOptions {
    if (images < 1 || relevanceImages < 1 || below < 0 || below > 6 || above < 0 || above > 6) {
      throw new IllegalArgumentException(
          "lrp-qvit needs images of at least 1 and 0 to 6 bits below and above, found %d, %d, %d, %d"
              .formatted(images, relevanceImages, below, above));
    }
  }

  static LrpQVitOptions of(OptionValues values) {
    return new LrpQVitOptions(
        values.integer("images"),
        values.integer("relevance-images"),
        values.integer("below"),
        values.integer("above"),
        values.choice("importance", Importance.class),
        values.flag("clip"));
  }
}
