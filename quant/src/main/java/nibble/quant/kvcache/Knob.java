package nibble.quant.kvcache;

import static java.util.Objects.requireNonNull;

import java.util.Map;

/** Values of resolved options. */
record Knob(Map<String, Object> values) {
  int integer(String name) {
    return Math.toIntExact((Long) requireNonNull(values.get(name)));
  }

  double number(String name) {
    return (Double) requireNonNull(values.get(name));
  }

  boolean flag(String name) {
    return (Boolean) requireNonNull(values.get(name));
  }

  String word(String name) {
    return (String) requireNonNull(values.get(name));
  }
}
