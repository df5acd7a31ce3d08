package nibble.quant.awq;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link ClippedRounding}.
 *
 * @param steps ranges tried: {@code 1, 1 - 1 / (2 steps), ...} down to a little above a half
 *     (paper: 10)
 * @param queries whether queries and keys are clipped too (paper: no, their product is too
 *     sensitive)
 */
public record ClipOptions(int steps, boolean queries) {
  /** The paper's. */
  public static final ClipOptions DEFAULTS = new ClipOptions(10, false);

  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "clip-steps",
              DEFAULTS.steps,
              "ranges tried, from all down to a little above a half (paper: 10)"),
          MethodOption.bool(
              "clip-queries",
              DEFAULTS.queries,
              "clip the layers of queries and keys too (paper: false)"));

  public ClipOptions {
    if (steps < 1 || steps > 1000) {
      throw new IllegalArgumentException("clip-steps must be 1 to 1000, was " + steps);
    }
  }

  static ClipOptions of(OptionValues values) {
    return new ClipOptions(values.integer("clip-steps"), values.flag("clip-queries"));
  }
}
