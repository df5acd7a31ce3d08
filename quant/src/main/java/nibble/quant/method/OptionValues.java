package nibble.quant.method;

import java.util.Locale;
import java.util.Map;

/**
 * Values of all options of a method, each of the type that its {@link MethodOption} declares.
 * {@link MethodCard#resolve} makes them. Immutable.
 *
 * <p>To read an option that the card does not declare, or as another type than it declares, is an
 * error of the method, not of its user: {@link IllegalStateException}.
 */
public final class OptionValues {
  private final String method;
  private final Map<String, Object> values;

  OptionValues(String method, Map<String, Object> values) {
    this.method = method;
    this.values = Map.copyOf(values);
  }

  /**
   * Value of a {@link MethodOption#integer}.
   *
   * @throws IllegalArgumentException if it is beyond the range of {@code int}
   */
  public int integer(String option) {
    long value = wideInteger(option);
    if (value != (int) value) {
      throw new IllegalArgumentException(
          "method %s: option %s is %d, expected %d to %d"
              .formatted(method, option, value, Integer.MIN_VALUE, Integer.MAX_VALUE));
    }
    return (int) value;
  }

  /** Value of a {@link MethodOption#integer} for which an {@code int} may be too small. */
  public long wideInteger(String option) {
    return value(option, Long.class);
  }

  /** Value of a {@link MethodOption#number}. */
  public double number(String option) {
    return value(option, Double.class);
  }

  /** Value of a {@link MethodOption#bool}. */
  public boolean flag(String option) {
    return value(option, Boolean.class);
  }

  /** Value of a {@link MethodOption#choice}. */
  public String word(String option) {
    return value(option, String.class);
  }

  /**
   * Value of a {@link MethodOption#choice} between the constants of an enum: {@code closed-form}
   * means {@code CLOSED_FORM}.
   */
  public <E extends Enum<E>> E choice(String option, Class<E> choices) {
    String word = word(option);
    for (E choice : choices.getEnumConstants()) {
      if (MethodOption.word(choice).equals(word)) {
        return choice;
      }
    }
    throw new IllegalStateException(
        "method %s: option %s may be '%s', which %s has no constant for"
            .formatted(method, option, word, choices.getSimpleName()));
  }

  private <T> T value(String option, Class<T> type) {
    Object value = values.get(option);
    if (!type.isInstance(value)) {
      throw new IllegalStateException(
          "method %s reads option '%s' as %s; its card declares %s"
              .formatted(
                  method,
                  option,
                  type.getSimpleName().toLowerCase(Locale.ROOT),
                  value == null ? "no such option" : value.getClass().getSimpleName()));
    }
    return type.cast(value);
  }
}
