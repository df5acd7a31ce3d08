package nibble.quant.noisyquant;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link NoisyQuant}.
 *
 * @param images that ranges and noise are fitted to, in one batch
 * @param steps amplitudes that are tried between none and one scale of the quantizer, none included
 * @param seeds draws of noise that are tried
 */
public record NoisyQuantOptions(int images, int steps, int seeds) {
  private static final int MOST = 1000;

  /** Of our own: the card names the search, not its size. */
  public static final NoisyQuantOptions DEFAULTS = new NoisyQuantOptions(32, 40, 1);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images",
              DEFAULTS.images,
              "samples that ranges and noise are fitted to, in one batch"),
          MethodOption.integer(
              "steps", DEFAULTS.steps, "amplitudes tried between none and one scale"),
          MethodOption.integer("seeds", DEFAULTS.seeds, "draws of noise tried for every input"));

  public NoisyQuantOptions {
    if (images < 1) {
      throw new IllegalArgumentException("images must be at least 1, was " + images);
    }
    if (steps < 1 || steps > MOST || seeds < 1 || seeds > MOST) {
      throw new IllegalArgumentException(
          "steps and seeds must be 1 to %d, were %d and %d".formatted(MOST, steps, seeds));
    }
  }

  static NoisyQuantOptions of(OptionValues values) {
    return new NoisyQuantOptions(
        values.integer("images"), values.integer("steps"), values.integer("seeds"));
  }
}
