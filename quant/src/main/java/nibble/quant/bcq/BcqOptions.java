package nibble.quant.bcq;

import java.util.List;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;

/**
 * Knobs of binary coding.
 *
 * @param planes binary planes of layers with at most 4 bits, 1 to 4; 0 takes the bit width of the
 *     scheme
 * @param rounds rounds of alternating refinement; 0 is greedy, 1 refined greedy (reference: 15)
 * @param exponent importance of a weight is {@code min(|w| / c, 1)^exponent}; 0 weighs all alike
 *     (plain least squares)
 * @param clipping c is this quantile of {@code |w|} in its group, above 0 and at most 1
 */
public record BcqOptions(int planes, int rounds, double exponent, double clipping) {
  /** Most planes that are fitted. */
  public static final int MAX_PLANES = 4;

  /** The reference's values: plain least squares. */
  public static final BcqOptions DEFAULTS = new BcqOptions(0, 15, 0, 1);

  static final List<MethodOption> OPTIONS =
      List.of(
          MethodOption.integer(
              "planes",
              DEFAULTS.planes,
              "binary planes, 1 to 4, of layers with at most 4 bits; 0 takes the bit width of the"
                  + " scheme"),
          MethodOption.integer(
              "rounds",
              DEFAULTS.rounds,
              "rounds of alternating refinement; 0 is greedy (reference: 15)"),
          MethodOption.number(
              "exponent",
              DEFAULTS.exponent,
              "importance min(|w| / c, 1)^exponent; 0 weighs all weights alike"),
          MethodOption.number(
              "clipping", DEFAULTS.clipping, "quantile of |w| in a group that is c"));

  public BcqOptions {
    if (planes < 0 || planes > MAX_PLANES) {
      throw new IllegalArgumentException(
          "planes must be from 1 to 4, or 0 for the scheme's bit width, was " + planes);
    }
    if (rounds < 0 || rounds > 1000) {
      throw new IllegalArgumentException("rounds must be from 0 to 1000, was " + rounds);
    }
    if (!(exponent >= 0 && exponent <= 16)) {
      throw new IllegalArgumentException("exponent must be from 0 to 16, was " + exponent);
    }
    if (!(clipping > 0 && clipping <= 1)) {
      throw new IllegalArgumentException("clipping must be above 0 and at most 1, was " + clipping);
    }
  }

  static BcqOptions of(OptionValues resolved) {
    return new BcqOptions(
        resolved.integer("planes"),
        resolved.integer("rounds"),
        resolved.number("exponent"),
        resolved.number("clipping"));
  }

  public BcqOptions withPlanes(int value) {
    return new BcqOptions(value, rounds, exponent, clipping);
  }

  public BcqOptions withRounds(int value) {
    return new BcqOptions(planes, value, exponent, clipping);
  }
}
