package nibble.cli.terminal;

import java.io.PrintWriter;
import java.util.List;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;

/**
 * The one JSON object that a command prints with {@code --json}. The first key is {@code schema}, a
 * number that grows when the meaning of existing keys changes. Keys keep the order in which they
 * were put.
 */
public final class JsonOut {
  /** Number of the present meaning of keys. */
  public static final int SCHEMA = 1;

  private JsonObject members = JsonObject.empty();

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
   * @param value a string, a boolean, a number, a {@code JsonValue}, a {@code JsonOut}, or a list
   *     of such; a number that is not finite becomes null
   * @throws IllegalArgumentException if it is something else
   */
  public JsonOut put(String key, Object value) {
    members = members.with(key, json(value));
    return this;
  }

  /** Prints the object on one line. */
  public void print(PrintWriter out) {
    out.println(this);
  }

  @Override
  public String toString() {
    return Json.compact(members);
  }

  private static JsonValue json(Object value) {
    return switch (value) {
      case JsonValue ready -> ready;
      case JsonOut object -> object.members;
      case List<?> list -> JsonArray.of(list.stream().map(JsonOut::json).toList());
      case String string -> new JsonString(string);
      case Boolean flag -> new JsonBool(flag);
      case Double number -> Double.isFinite(number) ? JsonNumber.of(number) : JsonNull.NULL;
      case Float number ->
          Float.isFinite(number) ? new JsonNumber(number.toString()) : JsonNull.NULL;
      case Integer number -> JsonNumber.of(number);
      case Long number -> JsonNumber.of(number);
      default -> throw new IllegalArgumentException("no JSON form for " + value.getClass());
    };
  }
}
