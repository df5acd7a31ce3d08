package nibble.loaders.chat.jinja;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The tests behind {@code is}. */
final class Tests {
  private static final Set<String> NAMES =
      Set.of(
          "defined",
          "undefined",
          "none",
          "string",
          "number",
          "integer",
          "float",
          "boolean",
          "true",
          "false",
          "mapping",
          "iterable",
          "sequence",
          "callable",
          "odd",
          "even",
          "divisibleby",
          "equalto",
          "eq",
          "==",
          "ne",
          "!=",
          "lt",
          "lessthan",
          "<",
          "le",
          "<=",
          "gt",
          "greaterthan",
          ">",
          "ge",
          ">=",
          "in",
          "sameas",
          "lower",
          "upper");

  private Tests() {}

  static boolean exists(String name) {
    return NAMES.contains(name);
  }

  static boolean test(String name, Object value, Arguments arguments) {
    return switch (name) {
      case "defined" -> !(value instanceof Undefined);
      case "undefined" -> value instanceof Undefined;
      case "none" -> value == None.NONE;
      case "string" -> value instanceof String;
      case "number" -> Values.isNumber(value);
      case "integer" -> value instanceof Long;
      case "float" -> value instanceof Double;
      case "boolean" -> value instanceof Boolean;
      case "true" -> Boolean.TRUE.equals(value);
      case "false" -> Boolean.FALSE.equals(value);
      case "mapping" -> value instanceof Map<?, ?>;
      case "iterable", "sequence" -> isSequence(value);
      case "callable" -> value instanceof Function;
      case "odd" -> Math.floorMod(integer(value), 2) == 1;
      case "even" -> Math.floorMod(integer(value), 2) == 0;
      case "divisibleby" -> divisible(integer(value), arguments.integer(0, "num", 0));
      case "lower" -> Values.text(value).equals(Values.text(value).toLowerCase(Locale.ROOT));
      case "upper" -> Values.text(value).equals(Values.text(value).toUpperCase(Locale.ROOT));
      default ->
          compare(name, value, arguments.get(0, "other", new Undefined("argument of " + name)));
    };
  }

  private static boolean isSequence(Object value) {
    return value instanceof String
        || value instanceof List<?>
        || value instanceof Map<?, ?>
        || value instanceof Undefined;
  }

  @SuppressWarnings("ReferenceEquality") // 'sameas' asks for the same object
  private static boolean compare(String name, Object value, Object other) {
    return switch (name) {
      case "equalto", "eq", "==" -> Values.equal(value, other);
      case "ne", "!=" -> !Values.equal(value, other);
      case "lt", "lessthan", "<" -> Values.compare(value, other) < 0;
      case "le", "<=" -> Values.compare(value, other) <= 0;
      case "gt", "greaterthan", ">" -> Values.compare(value, other) > 0;
      case "ge", ">=" -> Values.compare(value, other) >= 0;
      case "in" -> Values.contains(other, value);
      default -> value == other || value instanceof Boolean && value.equals(other);
    };
  }

  private static boolean divisible(long value, long by) {
    if (by == 0) {
      throw new JinjaException("division by zero");
    }
    return value % by == 0;
  }

  private static long integer(Object value) {
    if (value instanceof Long number) {
      return number;
    }
    throw new JinjaException("the test needs an integer, found " + Values.kind(value));
  }
}
