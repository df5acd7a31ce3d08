package nibble.loaders.json;

/** {@code true} or {@code false}. */
public record JsonBool(boolean value) implements JsonValue {
  @Override
  public String kind() {
    return "a boolean";
  }

  @Override
  public String toString() {
    return Boolean.toString(value);
  }
}
