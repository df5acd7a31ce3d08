package nibble.loaders.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Attributes of values: methods, and what dicts and namespaces hold. */
final class Methods {
  /** Methods that would change a value; transformers forbids them as well. */
  private static final Set<String> CHANGING =
      Set.of(
          "append",
          "extend",
          "insert",
          "remove",
          "pop",
          "clear",
          "update",
          "setdefault",
          "popitem",
          "sort",
          "reverse");

  private Methods() {}

  /** {@code object.name}: a method, else an element; undefined if there is neither. */
  static Object attribute(Object object, String name) {
    if (object instanceof Undefined(String what)) {
      throw new JinjaException("'" + what + "' is undefined and has no '" + name + "'");
    }
    if (object instanceof Namespace(var values)) {
      return values.getOrDefault(name, new Undefined(name));
    }
    Optional<Function> method = method(object, name);
    if (method.isPresent()) {
      return method.get();
    }
    return object instanceof Map<?, ?> dict
        ? orElse(dict.get(name), new Undefined(name))
        : new Undefined(name);
  }

  private static Object orElse(@Nullable Object found, Object fallback) {
    return found == null ? fallback : found;
  }

  private static Optional<Function> method(Object object, String name) {
    if (object instanceof String text) {
      return StringMethods.find(text, name);
    }
    if ((object instanceof List<?> || object instanceof Map<?, ?>)
        && CHANGING.contains(name)
        && !holds(object, name)) {
      throw new JinjaException(
          "'" + name + "' would change " + Values.kind(object) + ", which is not allowed");
    }
    if (object instanceof Map<?, ?> dict) {
      return dictMethod(dict, name);
    }
    return object instanceof List<?> list ? listMethod(list, name) : Optional.empty();
  }

  private static boolean holds(Object object, String name) {
    return object instanceof Map<?, ?> dict && dict.containsKey(name);
  }

  private static Optional<Function> dictMethod(Map<?, ?> dict, String name) {
    Function method =
        switch (name) {
          case "items" -> _ -> items(dict);
          case "keys" -> _ -> new ArrayList<Object>(dict.keySet());
          case "values" -> _ -> new ArrayList<Object>(dict.values());
          case "get" ->
              a ->
                  orElse(
                      dict.get(Values.key(a.get(0, "key", None.NONE))),
                      a.get(1, "default", None.NONE));
          default -> null;
        };
    return Optional.ofNullable(method);
  }

  /** The pairs of {@code dict}. */
  static List<Object> items(Map<?, ?> dict) {
    List<Object> pairs = new ArrayList<>();
    dict.forEach((key, value) -> pairs.add(new Tuple(List.of(key, value))));
    return pairs;
  }

  private static Optional<Function> listMethod(List<?> list, String name) {
    Function method =
        switch (name) {
          case "index" -> a -> index(list, a.get(0, "value", None.NONE));
          case "count" ->
              a ->
                  list.stream()
                      .filter(element -> Values.equal(element, a.get(0, "value", None.NONE)))
                      .count();
          default -> null;
        };
    return Optional.ofNullable(method);
  }

  private static long index(List<?> list, Object value) {
    for (int i = 0; i < list.size(); i++) {
      if (Values.equal(list.get(i), value)) {
        return i;
      }
    }
    throw new JinjaException("the list does not hold " + Values.repr(value));
  }
}
