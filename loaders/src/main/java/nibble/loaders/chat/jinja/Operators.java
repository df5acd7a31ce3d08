package nibble.loaders.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Arithmetic, subscripts and slices with the rules of Python. */
final class Operators {
  private static final int LONGEST = 16_000_000;

  private Operators() {}

  static Object binary(String operator, Object left, Object right, Budget budget) {
    if (operator.equals("~")) {
      return spent(Values.text(left) + Values.text(right), budget);
    }
    if (Values.isNumber(left) && Values.isNumber(right)) {
      return Values.integral(left) && Values.integral(right)
          ? integers(operator, Values.integer(left), Values.integer(right))
          : decimals(operator, Values.decimal(left), Values.decimal(right));
    }
    if (operator.equals("+") && left instanceof String a && right instanceof String b) {
      return spent(a + b, budget);
    }
    if (operator.equals("+") && left instanceof List<?> a && right instanceof List<?> b) {
      budget.spend(a.size() + b.size());
      List<Object> joined = new ArrayList<>(a);
      joined.addAll(b);
      return joined;
    }
    if (operator.equals("*") && left instanceof String text && Values.integral(right)) {
      return repeated(text, Values.integer(right), budget);
    }
    throw new JinjaException(
        "'%s' does not work for %s and %s"
            .formatted(operator, Values.kind(left), Values.kind(right)));
  }

  private static String spent(String text, Budget budget) {
    budget.spend(1 + text.length() / 16);
    Budget.output(text.length());
    return text;
  }

  private static String repeated(String text, long count, Budget budget) {
    if (count <= 0 || text.isEmpty()) {
      return "";
    }
    if (count > LONGEST / text.length()) {
      throw new JinjaException("a string of more than " + LONGEST + " characters");
    }
    return spent(text.repeat((int) count), budget);
  }

  private static Object integers(String operator, long a, long b) {
    if (b == 0 && ("/".equals(operator) || "//".equals(operator) || "%".equals(operator))) {
      throw new JinjaException("division by zero");
    }
    try {
      return switch (operator) {
        case "+" -> Math.addExact(a, b);
        case "-" -> Math.subtractExact(a, b);
        case "*" -> Math.multiplyExact(a, b);
        case "/" -> (double) a / b;
        case "//" -> Math.floorDiv(a, b);
        case "%" -> Math.floorMod(a, b);
        default -> power(a, b);
      };
    } catch (ArithmeticException _) {
      throw new JinjaException("an integer of more than 64 bits");
    }
  }

  private static Object power(long base, long exponent) {
    if (exponent < 0) {
      return Math.pow((double) base, (double) exponent);
    }
    if (exponent > 63 && Math.abs(base) > 1) {
      throw new ArithmeticException();
    }
    long result = 1;
    for (long i = 0;
        i < (Math.abs(base) > 1 ? exponent : exponent % 2 + (exponent > 0 ? 2 : 0));
        i++) {
      result = Math.multiplyExact(result, base);
    }
    return result;
  }

  private static Object decimals(String operator, double a, double b) {
    if (b == 0 && ("/".equals(operator) || "//".equals(operator) || "%".equals(operator))) {
      throw new JinjaException("division by zero");
    }
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> a / b;
      case "//" -> Math.floor(a / b);
      case "%" -> a - b * Math.floor(a / b);
      default -> Math.pow(a, b);
    };
  }

  static Object negate(Object value) {
    return switch (value) {
      case Double number -> -number;
      case Object number when Values.integral(number) -> -Values.integer(number);
      default -> throw new JinjaException("'-' does not work for " + Values.kind(value));
    };
  }

  /** {@code object[index]}; undefined if there is no such element. */
  static Object item(Object object, Object index) {
    if (object instanceof Map<?, ?> dict) {
      Object found = dict.get(Values.key(index));
      return found == null ? new Undefined(Values.text(index)) : found;
    }
    if (object instanceof Namespace(var values) && index instanceof String name) {
      return values.getOrDefault(name, new Undefined(name));
    }
    if (!(index instanceof Long number)) {
      return new Undefined(Values.text(index));
    }
    long length = object instanceof String || object instanceof List<?> ? Values.length(object) : 0;
    long at = number < 0 ? number + length : number;
    if (at < 0 || at >= length) {
      return new Undefined("element " + number);
    }
    return object instanceof List<?> list
        ? list.get((int) at)
        : character((String) object, (int) at);
  }

  private static String character(String text, int index) {
    return Character.toString(text.codePointAt(text.offsetByCodePoints(0, index)));
  }

  /** {@code object[from:to:step]}; {@link None} for what is left out. */
  static Object slice(Object object, Object from, Object to, Object step, Budget budget) {
    if (!(object instanceof String) && !(object instanceof List<?>)) {
      throw new JinjaException(Values.kind(object) + " cannot be sliced");
    }
    List<Object> elements = Values.elements(object);
    budget.spend(elements.size() + 1L);
    long stride = bound(step, 1);
    if (stride == 0) {
      throw new JinjaException("a slice with step 0");
    }
    int length = elements.size();
    long start = clamp(bound(from, stride > 0 ? 0 : length - 1), length, stride);
    long end = to == None.NONE ? (stride > 0 ? length : -1) : clamp(bound(to, 0), length, stride);
    List<Object> slice = new ArrayList<>();
    for (long i = start; stride > 0 ? i < end : i > end; i += stride) {
      slice.add(elements.get((int) i));
    }
    return object instanceof String
        ? String.join("", slice.stream().map(Values::text).toList())
        : slice;
  }

  private static long bound(Object value, long fallback) {
    if (value == None.NONE) {
      return fallback;
    }
    if (value instanceof Long number) {
      return Math.clamp(number, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }
    throw new JinjaException("a slice boundary is " + Values.kind(value) + ", expected an integer");
  }

  private static long clamp(long index, int length, long stride) {
    long at = index < 0 ? index + length : index;
    return stride > 0 ? Math.clamp(at, 0, length) : Math.clamp(at, -1, length - 1L);
  }
}
