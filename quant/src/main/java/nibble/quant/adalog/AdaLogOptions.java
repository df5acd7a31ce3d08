package nibble.quant.adalog;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.range.LogGrid;

/**
 * Knobs of {@link AdaLog}.
 *
 * @param images that grids are fitted to (paper: 32)
 * @param rows of a layer's input that candidates are judged on, of all images together; the paper
 *     takes all
 * @param maps attention maps (one head of one image) that candidates are judged on; the paper takes
 *     all
 * @param width candidates that survive a round of the search (paper: 16)
 * @param refinements rounds of the search on the values of a tensor (paper: 6)
 * @param rounds of weights and activations in turn, judged by the layer's output (paper: 3)
 * @param zero what stands for values below the last exponent; the authors' simulation has a code
 *     beside the 2^b exponents
 */
public record AdaLogOptions(
    int images, int rows, int maps, int width, int refinements, int rounds, LogGrid.Zero zero) {
  /** The paper's, judged on part of the rows, with an honest code for zero. */
  public static final AdaLogOptions DEFAULTS =
      new AdaLogOptions(32, 512, 16, 16, 6, 3, LogGrid.Zero.RESERVED);

  private static final int MOST = 1_000_000;

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "images", DEFAULTS.images, "samples that grids are fitted to (paper: 32)"),
          MethodOption.integer(
              "rows",
              DEFAULTS.rows,
              "rows of a layer's input that candidates are judged on; the paper takes all"),
          MethodOption.integer(
              "maps",
              DEFAULTS.maps,
              "attention maps that candidates are judged on; the paper takes all"),
          MethodOption.integer(
              "width", DEFAULTS.width, "candidates that survive a round of the search (paper: 16)"),
          MethodOption.integer(
              "refinements",
              DEFAULTS.refinements,
              "rounds of the search on the values of a tensor (paper: 6)"),
          MethodOption.integer(
              "rounds",
              DEFAULTS.rounds,
              "rounds of weights and activations by the layer's output (paper: 3)"),
          MethodOption.choice(
              "zero-code",
              "reserved",
              List.of("reserved", "extra"),
              "one of the codes, or one more as in the authors' simulation"));

  public AdaLogOptions {
    int[] numbers = {images, rows, maps, width, refinements, rounds};
    for (int number : numbers) {
      if (number < 1 || number > MOST) {
        throw new IllegalArgumentException(
            "images, rows, maps, width, refinements and rounds must be 1 to %d, one is %d"
                .formatted(MOST, number));
      }
    }
  }

  static AdaLogOptions of(OptionValues values) {
    return new AdaLogOptions(
        values.integer("images"),
        values.integer("rows"),
        values.integer("maps"),
        values.integer("width"),
        values.integer("refinements"),
        values.integer("rounds"),
        values.choice("zero-code", LogGrid.Zero.class));
  }
}
