package nibble.loaders.chat.jinja;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code json.dumps(value, ensure_ascii=False)}, which is what transformers puts behind {@code
 * tojson}.
 */
final class JsonDump {
  private static final int DEEPEST = 100;

  private final StringBuilder out = new StringBuilder();
  private final int indent;
  private final boolean sortKeys;

  private JsonDump(int indent, boolean sortKeys) {
    this.indent = indent;
    this.sortKeys = sortKeys;
  }

  /** {@code value} as JSON; {@code indent} below 0: on one line. */
  static String of(Object value, int indent, boolean sortKeys) {
    JsonDump dump = new JsonDump(indent, sortKeys);
    dump.write(value, 0);
    return dump.out.toString();
  }

  private void write(Object value, int level) {
    if (level > DEEPEST) {
      throw new JinjaException("a value with more than " + DEEPEST + " levels");
    }
    Budget.output(out.length());
    switch (value) {
      case None _ -> out.append("null");
      case Boolean flag -> out.append(flag);
      case Long number -> out.append(number);
      case Double number ->
          out.append(Values.number(number).replace("nan", "NaN").replace("inf", "Infinity"));
      case String text -> string(text);
      case List<?> list -> {
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
          separate(i, level + 1);
          write(list.get(i), level + 1);
        }
        close(list.isEmpty(), level, ']');
      }
      case Map<?, ?> dict -> {
        out.append('{');
        int i = 0;
        for (Map.Entry<?, ?> entry : (sortKeys ? sorted(dict) : dict).entrySet()) {
          separate(i++, level + 1);
          string(key(entry.getKey()));
          out.append(": ");
          write(entry.getValue(), level + 1);
        }
        close(dict.isEmpty(), level, '}');
      }
      default -> throw new JinjaException(Values.kind(value) + " cannot be written as JSON");
    }
  }

  private static Map<String, Object> sorted(Map<?, ?> dict) {
    Map<String, Object> sorted = new TreeMap<>((a, b) -> Values.compare(a, b));
    dict.forEach((key, value) -> sorted.put(key(key), value));
    return sorted;
  }

  private static String key(Object key) {
    return switch (key) {
      case String text -> text;
      case Boolean flag -> flag.toString();
      case None _ -> "null";
      default -> Values.text(key);
    };
  }

  private void separate(int index, int level) {
    if (indent < 0) {
      out.append(index > 0 ? ", " : "");
      return;
    }
    out.append(index > 0 ? "," : "").append('\n').repeat(' ', indent * level);
  }

  private void close(boolean empty, int level, char bracket) {
    if (indent >= 0 && !empty) {
      out.append('\n').repeat(' ', indent * level);
    }
    out.append(bracket);
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < ' ') {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
