package nibble.quant.crossquant;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import nibble.quant.method.MethodOption;

/**
 * Knobs of {@link CrossQuant}.
 *
 * @param alpha weight of the row's maximum: 1 is per token, 0 per channel (paper: 0.15, from memory)
 */
public record CrossQuantOptions(double alpha) {
  /** The paper's. */
  public static final CrossQuantOptions DEFAULTS = new CrossQuantOptions(0.15);

  static final List<MethodOption> OPTIONS =
      List.of(MethodOption.number("alpha", DEFAULTS.alpha, "weight of the row's maximum, 1 is per token, 0 per channel (paper: 0.15, from memory)"));

  public CrossQuantOptions {
    if (!(alpha >= 0 && alpha <= 1)) {
      throw new IllegalArgumentException("alpha must be from 0 to 1, was " + alpha);
    }
  }

  static CrossQuantOptions of(Map<String, Object> values) {
    return new CrossQuantOptions((Double) requireNonNull(values.get("alpha")));
  }
}
