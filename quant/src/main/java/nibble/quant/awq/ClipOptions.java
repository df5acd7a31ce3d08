package nibble.quant.awq;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import nibble.quant.method.MethodOption;

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

  static ClipOptions of(Map<String, Object> values) {
    return new ClipOptions(
        Math.toIntExact((Long) requireNonNull(values.get("clip-steps"))),
        (Boolean) requireNonNull(values.get("clip-queries")));
  }
}
