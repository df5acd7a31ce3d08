package nibble.cli.command;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
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
      String owner = owner(key);
      if (methods.stream().noneMatch(m -> m.equals(owner) || parts(m).contains(owner))) {
        throw CommandFailure.usage(
            "--set %s: begins with none of the methods %s, nor a part of one, and a dot"
                .formatted(key, String.join(", ", methods)));
      }
    }
  }

  /** The options of a method by their names: those of its parts, then its own. */
  Map<String, String> of(String method) {
    Map<String, String> options = new LinkedHashMap<>();
    addOf(parts(method)::contains, options);
    addOf(method::equals, options);
    return options;
  }

  private void addOf(Predicate<String> owners, Map<String, String> options) {
    settings.forEach(
        (key, value) -> {
          if (owners.test(owner(key))) {
            options.put(option(key), value);
          }
        });
  }

  private static List<String> parts(String method) {
    return List.of(method.split("\\+"));
  }

  private static String owner(String key) {
    return key.substring(0, Math.max(0, key.indexOf('.')));
  }

  private static String option(String key) {
    return key.substring(key.indexOf('.') + 1);
  }
}
