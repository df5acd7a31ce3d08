package nibble.loaders.json;

/**
 * A JSON value. Immutable; equality is by content and, for objects, does not depend on the order of
 * keys.
 */
public sealed interface JsonValue
    permits JsonObject, JsonArray, JsonString, JsonNumber, JsonBool, JsonNull {
  /**
   * What the value is, as it appears in error messages: {@code "a string"}, {@code "an object"} ...
   */
  String kind();
}
