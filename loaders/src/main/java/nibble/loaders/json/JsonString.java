package nibble.loaders.json;

import java.util.Objects;

/** A JSON string, unescaped. */
public record JsonString(String value) implements JsonValue {
  public JsonString {
    Objects.requireNonNull(value, "value");
  }

  @Override
  public String kind() {
    return "a string";
  }

  @Override
  public String toString() {
    return Json.compact(this);
  }
}
