package nibble.quant.recipe;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.quant.method.NearMatches;
import org.jspecify.annotations.Nullable;

/** Reads a map of a tree and says where something is wrong. */
final class TreeReader {
  private final String where;
  private final Map<String, ?> tree;

  TreeReader(String where, Map<String, ?> tree) {
    this.where = where;
    this.tree = tree;
  }

  static TreeReader of(String where, @Nullable Object tree) {
    return new TreeReader(where, object(where, tree));
  }

  private static Map<String, Object> object(String where, @Nullable Object tree) {
    if (!(tree instanceof Map<?, ?> map)) {
      throw new IllegalArgumentException("%s: is %s, expected an object".formatted(where, tree));
    }
    Map<String, Object> typed = new LinkedHashMap<>();
    map.forEach((key, value) -> typed.put(String.valueOf(key), value));
    return typed;
  }

  void onlyKeys(String... known) {
    for (String key : tree.keySet()) {
      if (!List.of(known).contains(key)) {
        throw new IllegalArgumentException(
            "%s: unknown key '%s'%s".formatted(where, key, NearMatches.hint(key, List.of(known))));
      }
    }
  }

  String string(String key) {
    if (tree.get(key) instanceof String text) {
      return text;
    }
    throw bad(key, "a string");
  }

  long integer(String key) {
    if (tree.get(key) instanceof Number number) {
      long value = number.longValue();
      boolean exact = number instanceof Long || number.doubleValue() == value;
      if (exact) {
        return value;
      }
    }
    throw bad(key, "an integer");
  }

  List<?> list(String key) {
    if (tree.get(key) instanceof List<?> list) {
      return list;
    }
    throw bad(key, "a list");
  }

  /** An object; empty where the key is missing. */
  Map<String, Object> map(String key) {
    return tree.containsKey(key) ? object(where + "." + key, tree.get(key)) : Map.of();
  }

  IllegalArgumentException bad(String key, String expected) {
    return tree.containsKey(key)
        ? new IllegalArgumentException(
            "%s: '%s' is %s, expected %s".formatted(where, key, tree.get(key), expected))
        : new IllegalArgumentException(
            "%s: '%s' is missing, expected %s".formatted(where, key, expected));
  }
}
