package nibble.cli.command;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.cli.terminal.CommandFailure;

/**
 * Options of the methods in a table, {@code METHOD.KEY=VALUE}. METHOD is a name in the table, such
 * as {@code omniquant+kv4}, or a part of names, such as {@code omniquant}, which stands for all
 * names that have it.
 */
record MethodSettings(Map<String, String> settings) {

  /** Refuses a setting that belongs to none of the methods. */
  void check(List<String> methods) {
    for (String key : settings.keySet()) {
      if (methods.stream().noneMatch(method -> owner(key).equals(method) || isPart(key, method))) {
        throw CommandFailure.usage(
            "--set %s: begins with none of the methods %s, nor a part of one, and a dot"
                .formatted(key, String.join(", ", methods)));
      }
    }
  }

  /** The options of a method by their names: those of its parts, then its own. */
  Map<String, String> of(String method) {
    Map<String, String> options = new LinkedHashMap<>();
    settings.forEach(
        (key, value) -> {
          if (isPart(key, method)) {
            options.put(option(key), value);
          }
        });
    settings.forEach(
        (key, value) -> {
          if (owner(key).equals(method)) {
            options.put(option(key), value);
          }
        });
    return options;
  }

  private static boolean isPart(String key, String method) {
    return List.of(method.split("\\+")).contains(owner(key));
  }

  private static String owner(String key) {
    return key.substring(0, Math.max(0, key.indexOf('.')));
  }

  private static String option(String key) {
    return key.substring(key.indexOf('.') + 1);
  }
}
