package nibble.cli.terminal;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The one JSON object that a command prints with {@code --json}. The first key is {@code schema}, a number that grows when the meaning of existing keys changes. Keys keep the order in which they were
 * put.
 */
public final class JsonOut {
  /** Number of the present meaning of keys. */
  public static final int SCHEMA = 1;

  private final Map<String, Object> members = new LinkedHashMap<>();

  private JsonOut() {}

  /** The object to print. */
  public static JsonOut result() {
    return new JsonOut().put("schema", SCHEMA);
  }

  /** An object inside another. */
  public static JsonOut object() {
    return new JsonOut();
  }

  /**
   * Sets a member.
   *
   * @param value a string, a boolean, a number, a {@code JsonOut}, or a list of such; a number that is not finite becomes null
   */
  public JsonOut put(String key, Object value) {
    members.put(key, value);
    return this;
  }

  /** Prints the object on one line. */
  public void print(PrintWriter out) {
    out.println(this);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    write(text, this);
    return text.toString();
  }

  private static void write(StringBuilder text, Object value) {
    switch (value) {
      case JsonOut object -> writeObject(text, object);
      case List<?> list -> writeList(text, list);
      case String string -> writeString(text, string);
      case Boolean flag -> text.append(flag);
      case Double number -> text.append(Double.isFinite(number) ? number.toString() : "null");
      case Float number -> text.append(Float.isFinite(number) ? number.toString() : "null");
      case Number number -> text.append(number);
      default -> throw new IllegalArgumentException("no JSON form for " + value.getClass());
    }
  }

  private static void writeObject(StringBuilder text, JsonOut object) {
    String separator = "{";
    for (Map.Entry<String, Object> member : object.members.entrySet()) {
      text.append(separator);
      writeString(text, member.getKey());
      text.append(':');
      write(text, member.getValue());
      separator = ",";
    }
    text.append(object.members.isEmpty() ? "{}" : "}");
  }

  private static void writeList(StringBuilder text, List<?> list) {
    String separator = "[";
    for (Object element : list) {
      text.append(separator);
      write(text, element);
      separator = ",";
    }
    text.append(list.isEmpty() ? "[]" : "]");
  }

  private static void writeString(StringBuilder text, String string) {
    text.append('"');
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        default -> {
          if (c < 0x20 || c == 0x7F || Character.isSurrogate(c) && !paired(string, i)) {
            text.append("\\u%04x".formatted((int) c));
          } else {
            text.append(c);
          }
        }
      }
    }
    text.append('"');
  }

  private static boolean paired(String string, int i) {
    return Character.isHighSurrogate(string.charAt(i))
        ? i + 1 < string.length() && Character.isLowSurrogate(string.charAt(i + 1))
        : i > 0 && Character.isHighSurrogate(string.charAt(i - 1));
  }
}
