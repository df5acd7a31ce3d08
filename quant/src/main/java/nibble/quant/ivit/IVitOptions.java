package nibble.quant.ivit;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link IVit}.
 *
 * @param images that ranges are fitted to, in one batch
 * @param integerFunctions whether softmax, GELU and LayerNorm compute on integers; the same model
 *     with float functions otherwise
 */
public record IVitOptions(int images, boolean integerFunctions) {
  /** Integers, ranges of 32 images. */
  public static final IVitOptions DEFAULTS = new IVitOptions(32, true);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images",
              DEFAULTS.images,
              "samples that ranges are fitted to, in one batch (paper: running means while"
                  + " training)"),
          MethodOption.bool(
              "integer-functions",
              true,
              "softmax, GELU and LayerNorm on integers; false: the same model with float ones"));

  public IVitOptions {
    if (images < 1) {
      throw new IllegalArgumentException("images must be at least 1, was " + images);
    }
  }

  static IVitOptions of(OptionValues values) {
    return new IVitOptions(values.integer("images"), values.flag("integer-functions"));
  }
}
