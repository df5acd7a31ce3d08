package nibble.loaders.json;

import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * A JSON number, kept as it was written, so that reading and writing loses nothing.
 *
 * @param literal digits in JSON syntax, such as {@code -12}, {@code 0.5} or {@code 1e-06}
 */
public record JsonNumber(String literal) implements JsonValue {
  private static final Pattern SYNTAX =
      Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
  private static final double LARGEST_EXACT = 0x1p53;

  public JsonNumber {
    if (!SYNTAX.matcher(literal).matches()) {
      throw new IllegalArgumentException("not a JSON number: " + literal);
    }
  }

  /** The number {@code value}. */
  public static JsonNumber of(long value) {
    return new JsonNumber(Long.toString(value));
  }

  /**
   * The number {@code value}, in the fewest digits that read back as the same double. Not for NaN
   * or infinities.
   */
  public static JsonNumber of(double value) {
    return new JsonNumber(Double.toString(value));
  }

  /** The nearest double. Numbers too large for a double become infinite. */
  public double doubleValue() {
    return Double.parseDouble(literal);
  }

  /**
   * The value as a long; empty if it has a fraction or does not fit. {@code 1e3} and {@code 8.0}
   * count as integers.
   */
  public OptionalLong exactLong() {
    if (isPlainInteger()) {
      try {
        return OptionalLong.of(Long.parseLong(literal));
      } catch (NumberFormatException _) {
        return OptionalLong.empty();
      }
    }
    double value = doubleValue();
    return Math.rint(value) == value && Math.abs(value) <= LARGEST_EXACT
        ? OptionalLong.of((long) value)
        : OptionalLong.empty();
  }

  private boolean isPlainInteger() {
    return literal.chars().allMatch(c -> c == '-' || c >= '0' && c <= '9');
  }

  @Override
  public String kind() {
    return "the number " + (literal.length() > 40 ? literal.substring(0, 40) + "..." : literal);
  }

  @Override
  public String toString() {
    return literal;
  }
}
