package nibble.loaders.chat.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The filters behind {@code |}. */
final class Filters {
  private static final Set<String> NAMES =
      Set.of(
          "trim",
          "upper",
          "lower",
          "title",
          "capitalize",
          "length",
          "count",
          "join",
          "tojson",
          "default",
          "d",
          "replace",
          "first",
          "last",
          "list",
          "items",
          "dictsort",
          "selectattr",
          "rejectattr",
          "select",
          "reject",
          "map",
          "string",
          "int",
          "float",
          "abs",
          "round",
          "min",
          "max",
          "sum",
          "sort",
          "unique",
          "reverse",
          "indent",
          "safe",
          "e",
          "escape",
          "attr");

  private final Budget budget;

  Filters(Budget budget) {
    this.budget = budget;
  }

  static boolean exists(String name) {
    return NAMES.contains(name);
  }

  Object apply(String name, Object value, Arguments arguments) {
    budget.spend(1 + size(value));
    return switch (name) {
      case "trim" -> StringMethods.strip(Values.text(value), arguments, true, true);
      case "upper" -> Values.text(value).toUpperCase(Locale.ROOT);
      case "lower" -> Values.text(value).toLowerCase(Locale.ROOT);
      case "title" -> StringMethods.title(Values.text(value));
      case "capitalize" -> StringMethods.capitalize(Values.text(value));
      case "length", "count" -> Values.length(value);
      case "join" -> join(value, arguments.only(2, "d", "attribute"));
      case "tojson" -> json(value, arguments);
      case "default", "d" -> orDefault(value, arguments.only(2, "default_value", "boolean"));
      case "replace" -> replace(Values.text(value), arguments.only(3, "old", "new", "count"));
      case "string" -> Values.text(value);
      case "int" -> integer(value, arguments.only(2, "default", "base"));
      case "float" -> decimal(value, arguments.only(1, "default"));
      case "abs" -> Values.compare(value, 0L) < 0 ? Operators.negate(value) : value;
      case "round" -> round(value, arguments.only(2, "precision", "method"));
      case "indent" -> indent(Values.text(value), arguments.only(3, "width", "first", "blank"));
      case "safe" -> value;
      case "e", "escape" -> escape(Values.text(value));
      case "attr" -> Methods.attribute(value, arguments.string(0));
      default -> ofElements(name, value, arguments);
    };
  }

  private static long size(Object value) {
    return value instanceof String text
        ? text.length() / 16
        : value instanceof List<?> list
            ? list.size()
            : value instanceof Map<?, ?> dict ? dict.size() : 0;
  }

  private Object ofElements(String name, Object value, Arguments arguments) {
    if (name.equals("items") || name.equals("dictsort")) {
      return pairs(name, value, arguments);
    }
    List<Object> elements = Values.elements(value);
    return switch (name) {
      case "first" -> elements.isEmpty() ? new Undefined("first") : elements.getFirst();
      case "last" -> elements.isEmpty() ? new Undefined("last") : elements.getLast();
      case "list" -> new ArrayList<>(elements);
      case "select" -> selected(elements, arguments, true);
      case "reject" -> selected(elements, arguments, false);
      case "selectattr" -> selectedByAttribute(elements, arguments, true);
      case "rejectattr" -> selectedByAttribute(elements, arguments, false);
      case "map" -> mapped(elements, arguments);
      case "min" ->
          elements.isEmpty() ? new Undefined("min") : Collections.min(elements, Values::compare);
      case "max" ->
          elements.isEmpty() ? new Undefined("max") : Collections.max(elements, Values::compare);
      case "sum" -> sum(elements);
      case "sort" -> sorted(elements, arguments.only(1, "reverse", "attribute", "case_sensitive"));
      case "unique" -> unique(elements);
      default -> reversed(value, elements);
    };
  }

  private static Object reversed(Object value, List<Object> elements) {
    return value instanceof String text
        ? new StringBuilder(text).reverse().toString()
        : new ArrayList<>(elements.reversed());
  }

  private static Object pairs(String name, Object value, Arguments arguments) {
    if (value instanceof Undefined && name.equals("items")) {
      return List.of();
    }
    if (!(value instanceof Map<?, ?> dict)) {
      throw new JinjaException(name + " needs a dict, found " + Values.kind(value));
    }
    List<Object> pairs = Methods.items(dict);
    if (name.equals("dictsort")) {
      arguments.only(0);
      pairs.sort(
          (a, b) ->
              Values.compare(folded(((List<?>) a).getFirst()), folded(((List<?>) b).getFirst())));
    }
    return pairs;
  }

  private static Object folded(Object value) {
    return value instanceof String text ? text.toLowerCase(Locale.ROOT) : value;
  }

  private String join(Object value, Arguments arguments) {
    String separator = Values.text(arguments.get(0, "d", ""));
    Object attribute = arguments.get(1, "attribute", None.NONE);
    StringBuilder joined = new StringBuilder();
    List<Object> elements = Values.elements(value);
    for (int i = 0; i < elements.size(); i++) {
      Object element =
          attribute == None.NONE ? elements.get(i) : byPath(elements.get(i), attribute);
      joined.append(i > 0 ? separator : "").append(Values.text(element));
      Budget.output(joined.length());
    }
    budget.spend(joined.length() / 16);
    return joined.toString();
  }

  private String json(Object value, Arguments arguments) {
    arguments.only(1, "indent", "ensure_ascii", "separators", "sort_keys");
    if (arguments.named().containsKey("separators")
        || Values.isTrue(arguments.get(9, "ensure_ascii", false))) {
      throw new JinjaException("tojson with 'separators' or 'ensure_ascii' is not supported");
    }
    Object indent = arguments.get(0, "indent", None.NONE);
    int width = indent instanceof Long number ? Math.clamp(number, 0, 16) : -1;
    String text = JsonDump.of(value, width, Values.isTrue(arguments.get(9, "sort_keys", false)));
    budget.spend(text.length() / 4);
    return text;
  }

  private static Object orDefault(Object value, Arguments arguments) {
    boolean falseToo = Values.isTrue(arguments.get(1, "boolean", false));
    return value instanceof Undefined || falseToo && !Values.isTrue(value)
        ? arguments.get(0, "default_value", "")
        : value;
  }

  private String replace(String text, Arguments arguments) {
    String old = Values.text(arguments.get(0, "old", ""));
    String replacement = Values.text(arguments.get(1, "new", ""));
    budget.spend((long) text.length() / Math.max(1, old.length()) * replacement.length() / 16);
    Object count = arguments.get(2, "count", None.NONE);
    return StringMethods.replace(
        text, old, replacement, count instanceof Long number ? number : Long.MAX_VALUE);
  }

  private static Object integer(Object value, Arguments arguments) {
    if (arguments.positional().size() > 1 || arguments.named().containsKey("base")) {
      throw new JinjaException("int with a base is not supported");
    }
    try {
      return switch (value) {
        case String text ->
            text.contains(".")
                ? (long) Double.parseDouble(text.strip())
                : Long.parseLong(text.strip());
        case Double number -> number.longValue();
        case Object number when Values.integral(number) -> Values.integer(number);
        default -> arguments.get(0, "default", 0L);
      };
    } catch (NumberFormatException _) {
      return arguments.get(0, "default", 0L);
    }
  }

  private static Object decimal(Object value, Arguments arguments) {
    try {
      return value instanceof String text
          ? Double.parseDouble(text.strip())
          : Values.isNumber(value) ? Values.decimal(value) : arguments.get(0, "default", 0.0);
    } catch (NumberFormatException _) {
      return arguments.get(0, "default", 0.0);
    }
  }

  private static Object round(Object value, Arguments arguments) {
    long precision = arguments.integer(0, "precision", 0);
    if (!Values.isNumber(value)
        || precision < 0
        || precision > 15
        || !Values.equal(arguments.get(1, "method", "common"), "common")) {
      throw new JinjaException(
          "round works for numbers, with a precision from 0 to 15 and method 'common'");
    }
    return new java.math.BigDecimal(Values.decimal(value))
        .setScale((int) precision, java.math.RoundingMode.HALF_EVEN)
        .doubleValue();
  }

  private static String indent(String text, Arguments arguments) {
    Object width = arguments.get(0, "width", 4L);
    String blanks =
        width instanceof String given
            ? given
            : " ".repeat(Math.clamp(arguments.integer(0, "width", 4), 0, 100));
    boolean first = Values.isTrue(arguments.get(1, "first", false));
    boolean blank = Values.isTrue(arguments.get(2, "blank", false));
    StringBuilder result = new StringBuilder(first ? blanks : "");
    String[] lines = text.split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      result
          .append(i > 0 ? "\n" : "")
          .append(i > 0 && (blank || !lines[i].isEmpty()) ? blanks : "")
          .append(lines[i]);
    }
    return result.toString();
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&#39;")
        .replace("\"", "&#34;");
  }

  private List<Object> selected(List<Object> elements, Arguments arguments, boolean keep) {
    List<Object> selected = new ArrayList<>();
    for (Object element : elements) {
      if (passes(element, arguments) == keep) {
        selected.add(element);
      }
    }
    return selected;
  }

  private List<Object> selectedByAttribute(
      List<Object> elements, Arguments arguments, boolean keep) {
    List<Object> selected = new ArrayList<>();
    for (Object element : elements) {
      if (passes(byPath(element, arguments.string(0)), arguments.rest()) == keep) {
        selected.add(element);
      }
    }
    return selected;
  }

  /**
   * Whether {@code value} passes the test that the first argument names; without one, whether it is
   * true.
   */
  private boolean passes(Object value, Arguments arguments) {
    budget.spend(1);
    if (arguments.positional().isEmpty()) {
      return Values.isTrue(value);
    }
    String test = arguments.string(0);
    if (!Tests.exists(test)) {
      throw new JinjaException("the test '" + test + "' is not supported");
    }
    return Tests.test(test, value, arguments.rest());
  }

  private List<Object> mapped(List<Object> elements, Arguments arguments) {
    List<Object> mapped = new ArrayList<>();
    Object attribute = arguments.get(Integer.MAX_VALUE, "attribute", None.NONE);
    for (Object element : elements) {
      mapped.add(
          attribute == None.NONE
              ? filtered(element, arguments)
              : attributeOrDefault(element, attribute, arguments));
    }
    return mapped;
  }

  private Object filtered(Object element, Arguments arguments) {
    String filter = arguments.string(0);
    if (!exists(filter)) {
      throw new JinjaException("the filter '" + filter + "' is not supported");
    }
    return apply(filter, element, arguments.rest());
  }

  private static Object attributeOrDefault(Object element, Object attribute, Arguments arguments) {
    Object value = byPath(element, attribute);
    return value instanceof Undefined ? arguments.get(Integer.MAX_VALUE, "default", value) : value;
  }

  /** What {@code path}, a name with dots or an index, leads to. */
  private static Object byPath(Object element, Object path) {
    if (!(path instanceof String names)) {
      return Operators.item(element, path);
    }
    Object value = element;
    for (String name : names.split("\\.", -1)) {
      boolean index =
          !name.isEmpty() && name.chars().allMatch(c -> c >= '0' && c <= '9') && name.length() < 10;
      value = Operators.item(value, index ? (Object) Long.parseLong(name) : name);
    }
    return value;
  }

  private Object sum(List<Object> elements) {
    Object sum = 0L;
    for (Object element : elements) {
      sum = Operators.binary("+", sum, element, budget);
    }
    return sum;
  }

  private List<Object> sorted(List<Object> elements, Arguments arguments) {
    budget.spend(10L * elements.size());
    Object attribute = arguments.get(Integer.MAX_VALUE, "attribute", None.NONE);
    boolean exact = Values.isTrue(arguments.get(Integer.MAX_VALUE, "case_sensitive", false));
    List<Object> sorted = new ArrayList<>(elements);
    sorted.sort(
        (a, b) -> Values.compare(sortKey(a, attribute, exact), sortKey(b, attribute, exact)));
    return Values.isTrue(arguments.get(0, "reverse", false))
        ? stableReversed(elements, attribute, exact)
        : sorted;
  }

  private static List<Object> stableReversed(
      List<Object> elements, Object attribute, boolean exact) {
    List<Object> sorted = new ArrayList<>(elements);
    sorted.sort(
        (a, b) -> Values.compare(sortKey(b, attribute, exact), sortKey(a, attribute, exact)));
    return sorted;
  }

  private static Object sortKey(Object element, Object attribute, boolean exact) {
    Object key = attribute == None.NONE ? element : byPath(element, attribute);
    return exact ? key : folded(key);
  }

  private static List<Object> unique(List<Object> elements) {
    Map<Object, Object> seen = new LinkedHashMap<>();
    for (Object element : elements) {
      seen.putIfAbsent(Values.key(folded(element)), element);
    }
    return new ArrayList<>(seen.values());
  }
}
