package nibble.quant.awq;

import java.util.List;
import nibble.quant.fold.ScalePlaces;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link Awq}.
 *
 * @param steps exponents tried, {@code 0, 1 / steps, 2 / steps, ...} (paper: 20)
 * @param batches calibration batches that candidates are judged on; all are used for the sizes of
 *     channels
 * @param places which inputs are scaled
 */
public record AwqOptions(int steps, int batches, ScalePlaces places) {
  /** The paper's, but for the number of batches. */
  public static final AwqOptions DEFAULTS = new AwqOptions(20, 8, ScalePlaces.FOLDED);

  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer("steps", DEFAULTS.steps, "exponents tried from 0 on (paper: 20)"),
          MethodOption.integer(
              "batches",
              DEFAULTS.batches,
              "calibration batches that candidates are judged on (paper: 128 texts of 512 tokens)"),
          MethodOption.choice(
              "places",
              DEFAULTS.places,
              "inputs behind a norm; also where the layer before takes the scale exactly; also by a"
                  + " multiplication at run time (paper, behind GELU)"));

  public AwqOptions {
    if (steps < 1 || steps > 1000 || batches < 1) {
      throw new IllegalArgumentException(
          "steps must be 1 to 1000 and batches at least 1, were %d and %d"
              .formatted(steps, batches));
    }
  }

  static AwqOptions of(OptionValues values) {
    return new AwqOptions(
        values.integer("steps"),
        values.integer("batches"),
        values.choice("places", ScalePlaces.class));
  }
}
