package nibble.quant.qwt;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of {@link Qwt}.
 *
 * @param ridge share of the mean diagonal of the Gram matrix that is added to it (the paper gives
 *     no value; ours)
 * @param firstBlock number of the first block that gets a map (paper: 0)
 */
public record QwtOptions(double ridge, int firstBlock) {
  /** Our ridge, all blocks. */
  public static final QwtOptions DEFAULTS = new QwtOptions(1e-6, 0);

  /** What the catalogue shows. */
  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.number(
              "ridge",
              DEFAULTS.ridge,
              "share of the mean Gram diagonal added to it (the paper gives none)"),
          MethodOption.integer(
              "first-block",
              DEFAULTS.firstBlock,
              "first block that gets a map; earlier ones are left alone (paper: 0)"));

  public QwtOptions {
    if (!(ridge >= 0 && ridge <= 1)) {
      throw new IllegalArgumentException("ridge must be 0 to 1, was " + ridge);
    }
    if (firstBlock < 0) {
      throw new IllegalArgumentException("first-block must not be negative, was " + firstBlock);
    }
  }

  static QwtOptions of(OptionValues values) {
    return new QwtOptions(values.number("ridge"), values.integer("first-block"));
  }
}
