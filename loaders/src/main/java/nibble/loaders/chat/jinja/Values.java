package nibble.loaders.chat.jinja;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Values of templates: {@link None}, {@link Undefined}, {@link Boolean}, {@link Long}, {@link
 * Double}, {@link String}, {@link List}, {@link Map}, {@link Namespace} and {@link Function}, with
 * the rules of Python.
 */
final class Values {
  private static final int DEEPEST = 100;

  private Values() {}

  /** What {@code value} is, for messages. */
  static String kind(Object value) {
    return switch (value) {
      case None _ -> "none";
      case Undefined(String what) -> "undefined (" + what + ")";
      case Boolean _ -> "a boolean";
      case Long _ -> "an integer";
      case Double _ -> "a float";
      case String _ -> "a string";
      case List<?> _ -> "a list";
      case Map<?, ?> _ -> "a dict";
      case Namespace _ -> "a namespace";
      default -> "a function";
    };
  }

  /** Whether {@code value} counts as true. */
  static boolean isTrue(Object value) {
    return switch (value) {
      case None _, Undefined _ -> false;
      case Boolean flag -> flag;
      case Long number -> number != 0;
      case Double number -> number != 0;
      case String text -> !text.isEmpty();
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> dict -> !dict.isEmpty();
      default -> true;
    };
  }

  /** {@code str(value)}. */
  static String text(Object value) {
    return value instanceof String text ? text : value instanceof Undefined ? "" : repr(value);
  }

  /** {@code repr(value)}. */
  static String repr(Object value) {
    StringBuilder out = new StringBuilder();
    repr(value, out, 0);
    return out.toString();
  }

  private static void repr(Object value, StringBuilder out, int depth) {
    if (depth > DEEPEST) {
      throw new JinjaException("a value with more than " + DEEPEST + " levels");
    }
    Budget.output(out.length());
    switch (value) {
      case None _ -> out.append("None");
      case Undefined _ -> out.append("Undefined");
      case Boolean flag -> out.append(flag ? "True" : "False");
      case Double number -> out.append(number(number));
      case String text -> quoted(text, out);
      case List<?> list -> {
        out.append(list instanceof Tuple ? '(' : '[');
        for (int i = 0; i < list.size(); i++) {
          out.append(i > 0 ? ", " : "");
          repr(list.get(i), out, depth + 1);
        }
        out.append(list instanceof Tuple ? (list.size() == 1 ? ",)" : ")") : "]");
      }
      case Map<?, ?> dict -> {
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : dict.entrySet()) {
          out.append(separator);
          repr(entry.getKey(), out, depth + 1);
          out.append(": ");
          repr(entry.getValue(), out, depth + 1);
          separator = ", ";
        }
        out.append('}');
      }
      case Namespace _ -> out.append("<Namespace>");
      case Function _ -> out.append("<function>");
      default -> out.append(value);
    }
  }

  private static void quoted(String text, StringBuilder out) {
    char quote = text.contains("'") && !text.contains("\"") ? '"' : '\'';
    out.append(quote);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c == quote) {
            out.append('\\').append(c);
          } else if (c < ' ' || c == 0x7F) {
            out.append("\\x%02x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append(quote);
  }

  /** {@code repr} of a float: the shortest digits, an exponent from 1e16 on and below 1e-4. */
  static String number(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }
    double size = Math.abs(value);
    if (size != 0 && (size >= 1e16 || size < 1e-4)) {
      String[] parts = Double.toString(value).split("E");
      String digits =
          parts[0].endsWith(".0") ? parts[0].substring(0, parts[0].length() - 2) : parts[0];
      int exponent = Integer.parseInt(parts[1]);
      return digits
          + "e"
          + (exponent < 0 ? "-" : "+")
          + (Math.abs(exponent) < 10 ? "0" : "")
          + Math.abs(exponent);
    }
    String plain = new BigDecimal(Double.toString(value)).toPlainString();
    return plain.contains(".") ? plain : plain + ".0";
  }

  /** {@code a == b}: numbers by value, whatever their kind. */
  static boolean equal(Object a, Object b) {
    return equal(a, b, new Budget());
  }

  @SuppressWarnings("ReferenceEquality") // namespaces and functions are equal to themselves only
  private static boolean equal(Object a, Object b, Budget budget) {
    budget.spend(1);
    if (isNumber(a) && isNumber(b)) {
      return integral(a) && integral(b) ? integer(a) == integer(b) : decimal(a) == decimal(b);
    }
    if (a instanceof List<?> left && b instanceof List<?> right) {
      boolean same = left.size() == right.size() && left instanceof Tuple == right instanceof Tuple;
      for (int i = 0; same && i < left.size(); i++) {
        same = equal(left.get(i), right.get(i), budget);
      }
      return same;
    }
    if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
      return sameEntries(left, right, budget);
    }
    return a == b
        || a instanceof Undefined && b instanceof Undefined
        || a instanceof String && a.equals(b);
  }

  private static boolean sameEntries(Map<?, ?> left, Map<?, ?> right, Budget budget) {
    for (Map.Entry<?, ?> entry : left.entrySet()) {
      Object other = right.get(entry.getKey());
      if (other == null || !equal(entry.getValue(), other, budget)) {
        return false;
      }
    }
    return left.size() == right.size();
  }

  /** Less than 0, 0, or more as {@code a} is before, the same as, or behind {@code b}. */
  static int compare(Object a, Object b) {
    return compare(a, b, new Budget());
  }

  private static int compare(Object a, Object b, Budget budget) {
    budget.spend(1);
    if (isNumber(a) && isNumber(b)) {
      return integral(a) && integral(b)
          ? Long.compare(integer(a), integer(b))
          : Double.compare(decimal(a), decimal(b));
    }
    if (a instanceof String left && b instanceof String right) {
      return compareCodePoints(left, right);
    }
    if (a instanceof List<?> left && b instanceof List<?> right) {
      for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
        int order = compare(left.get(i), right.get(i), budget);
        if (order != 0) {
          return order;
        }
      }
      return Integer.compare(left.size(), right.size());
    }
    throw new JinjaException("%s and %s cannot be compared".formatted(kind(a), kind(b)));
  }

  private static int compareCodePoints(String a, String b) {
    int i = 0;
    while (i < a.length() && i < b.length() && a.charAt(i) == b.charAt(i)) {
      i++;
    }
    if (i == a.length() || i == b.length()) {
      return Integer.compare(a.length(), b.length());
    }
    return Integer.compare(a.codePointAt(i), b.codePointAt(i));
  }

  /** {@code value}, which must be what Python can hash, as a key of a dict. */
  static Object key(Object value) {
    if (value instanceof List<?> || value instanceof Map<?, ?>) {
      throw new JinjaException(kind(value) + " cannot be a key");
    }
    return value;
  }

  static boolean isNumber(Object value) {
    return value instanceof Long || value instanceof Double || value instanceof Boolean;
  }

  static boolean integral(Object value) {
    return value instanceof Long || value instanceof Boolean;
  }

  /** The integer that {@code value}, an integer or a boolean, is. */
  static long integer(Object value) {
    return value instanceof Boolean flag ? (flag ? 1 : 0) : (Long) value;
  }

  static double decimal(Object value) {
    return value instanceof Double number ? number : integer(value);
  }

  /** What a loop over {@code value} goes through. */
  static List<Object> elements(Object value) {
    return switch (value) {
      case Undefined _ -> List.of();
      case List<?> list -> cast(list);
      case Map<?, ?> dict -> new ArrayList<>(dict.keySet());
      case String text -> text.codePoints().<Object>mapToObj(Character::toString).toList();
      default -> throw new JinjaException(kind(value) + " cannot be looped over");
    };
  }

  @SuppressWarnings("unchecked")
  static List<Object> cast(List<?> list) {
    return (List<Object>) list;
  }

  /** Number of elements or characters. */
  static long length(Object value) {
    return switch (value) {
      case Undefined _ -> 0;
      case String text -> text.codePointCount(0, text.length());
      case List<?> list -> list.size();
      case Map<?, ?> dict -> dict.size();
      default -> throw new JinjaException(kind(value) + " has no length");
    };
  }

  /** Whether {@code container} holds {@code value}. */
  static boolean contains(Object container, Object value) {
    return switch (container) {
      case Undefined _ -> false;
      case String text when value instanceof String part -> text.contains(part);
      case List<?> list -> list.stream().anyMatch(element -> equal(element, value));
      case Map<?, ?> dict -> dict.containsKey(key(value));
      default ->
          throw new JinjaException(
              "'in' does not work for %s in %s".formatted(kind(value), kind(container)));
    };
  }
}
