package nibble.loaders.json;

import java.util.Iterator;
import java.util.Map;

/** Writes trees as text: the same tree always gives the same characters. */
final class JsonText {
  private final StringBuilder out = new StringBuilder();
  private final boolean pretty;

  private JsonText(boolean pretty) {
    this.pretty = pretty;
  }

  static String of(JsonValue value, boolean pretty) {
    JsonText text = new JsonText(pretty);
    text.value(value, 0);
    return text.out.toString();
  }

  private void value(JsonValue value, int level) {
    switch (value) {
      case JsonObject object -> object(object, level);
      case JsonArray array -> array(array, level);
      case JsonString(String text) -> string(text);
      case JsonNumber(String literal) -> out.append(literal);
      case JsonBool(boolean flag) -> out.append(flag);
      case JsonNull _ -> out.append("null");
    }
  }

  private void object(JsonObject object, int level) {
    out.append('{');
    Iterator<Map.Entry<String, JsonValue>> entries = object.values().entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<String, JsonValue> entry = entries.next();
      line(level + 1);
      string(entry.getKey());
      out.append(pretty ? ": " : ":");
      value(entry.getValue(), level + 1);
      out.append(entries.hasNext() ? "," : "");
    }
    close('}', level, object.values().isEmpty());
  }

  private void array(JsonArray array, int level) {
    out.append('[');
    Iterator<JsonValue> values = array.values().iterator();
    while (values.hasNext()) {
      line(level + 1);
      value(values.next(), level + 1);
      out.append(values.hasNext() ? "," : "");
    }
    close(']', level, array.size() == 0);
  }

  private void close(char bracket, int level, boolean empty) {
    if (!empty) {
      line(level);
    }
    out.append(bracket);
  }

  private void line(int level) {
    if (pretty) {
      out.append('\n').repeat("  ", level);
    }
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
        default -> {
          if (c < ' ' || c == 0x7F || Character.isSurrogate(c) && !isPaired(text, i)) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  /**
   * Whether the surrogate at {@code i} has its other half beside it; one without cannot be written
   * in UTF-8.
   */
  private static boolean isPaired(String text, int i) {
    return Character.isHighSurrogate(text.charAt(i))
        ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
        : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
  }
}
