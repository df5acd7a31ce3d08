package nibble.quant.method;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A knob of a method.
 *
 * @param name as written in {@code --set name=value} and in recipes
 * @param defaultValue {@link Long}, {@link Double}, {@link Boolean} or {@link String}, as {@code
 *     kind} says
 * @param choices the words a {@link Kind#CHOICE} accepts; empty for other kinds
 * @param description one line: what it does, with the paper's value
 */
public record MethodOption(
    String name, Kind kind, Object defaultValue, List<String> choices, String description) {

  /** Type of a value. */
  public enum Kind {
    INTEGER("an integer"),
    NUMBER("a number"),
    BOOLEAN("true or false"),
    CHOICE("one of");

    private final String words;

    Kind(String words) {
      this.words = words;
    }
  }

  public MethodOption {
    choices = List.copyOf(choices);
  }

  public static MethodOption integer(String name, long defaultValue, String description) {
    return new MethodOption(name, Kind.INTEGER, defaultValue, List.of(), description);
  }

  public static MethodOption number(String name, double defaultValue, String description) {
    return new MethodOption(name, Kind.NUMBER, defaultValue, List.of(), description);
  }

  public static MethodOption bool(String name, boolean defaultValue, String description) {
    return new MethodOption(name, Kind.BOOLEAN, defaultValue, List.of(), description);
  }

  public static MethodOption choice(
      String name, String defaultValue, List<String> choices, String description) {
    return new MethodOption(name, Kind.CHOICE, defaultValue, choices, description);
  }

  /** A choice between all constants of an enum, in their order, by {@link #word(Enum)}. */
  public static <E extends Enum<E>> MethodOption choice(
      String name, E defaultValue, String description) {
    List<String> words =
        Arrays.stream(defaultValue.getDeclaringClass().getEnumConstants())
            .map(MethodOption::word)
            .toList();
    return choice(name, word(defaultValue), words, description);
  }

  /** The word that means a constant: {@code closed-form} for {@code CLOSED_FORM}. */
  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** What it accepts, in words: {@code an integer}, {@code one of natural, by-hessian-diagonal}. */
  public String accepts() {
    return kind == Kind.CHOICE ? kind.words + " " + String.join(", ", choices) : kind.words;
  }

  /**
   * A value, or the text of one, as this option's type.
   *
   * @throws IllegalArgumentException if it is of another type or no choice
   */
  Object convert(String method, Object value) {
    try {
      return switch (kind) {
        case INTEGER ->
            value instanceof Number n && n.doubleValue() == n.longValue()
                ? n.longValue()
                : Long.parseLong(value.toString().strip());
        case NUMBER ->
            value instanceof Number n
                ? n.doubleValue()
                : Double.parseDouble(value.toString().strip());
        case BOOLEAN -> bool(value);
        case CHOICE -> word(value);
      };
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "method %s: option %s is '%s', expected %s".formatted(method, name, value, accepts()), e);
    }
  }

  private static Boolean bool(Object value) {
    return switch (value.toString().strip().toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("no boolean");
    };
  }

  private String word(Object value) {
    String word = value.toString().strip().toLowerCase(Locale.ROOT);
    if (!choices.contains(word)) {
      throw new IllegalArgumentException("no choice");
    }
    return word;
  }
}
