package nibble.quant.crossquant;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link CrossQuant}.
 *
 * @param alpha weight of the row's maximum: 1 is per token, 0 per channel (paper: 0.15, from
 *     memory)
 * @param fold whether the column's part goes into the weights before they are rounded, as an
 *     integer kernel would need it (ours; paper: no)
 */
public record CrossQuantOptions(double alpha, boolean fold) {
  /** The paper's. */
  public static final CrossQuantOptions DEFAULTS = new CrossQuantOptions(0.15, false);

  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.number(
              "alpha",
              DEFAULTS.alpha,
              "weight of the row's maximum, 1 is per token, 0 per channel (paper: 0.15, from"
                  + " memory)"),
          MethodOption.bool(
              "fold",
              DEFAULTS.fold,
              "put the column's part into the weights before they are rounded (paper: no)"));

  public CrossQuantOptions {
    if (!(alpha >= 0 && alpha <= 1)) {
      throw new IllegalArgumentException("alpha must be from 0 to 1, was " + alpha);
    }
  }

  static CrossQuantOptions of(OptionValues values) {
    return new CrossQuantOptions(values.number("alpha"), values.flag("fold"));
  }
}
