package nibble.loaders.tokenizer.core;

import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;

/**
 * Reads the patterns of {@code tokenizer.json}: {@code {"String": "x"}} or {@code {"Regex": "x+"}}.
 */
public final class Patterns {
  private Patterns() {}

  /** The pattern in {@code key} of {@code object}. */
  public static TextPattern of(JsonObject object, String key) {
    if (object.get(key) instanceof JsonString) { // files of the first versions: a plain string
      return literal(object, key);
    }
    JsonObject pattern = object.object(key);
    Fields.only(pattern, "String", "Regex");
    if (pattern.has("String") == pattern.has("Regex")) {
      throw object.error(key, "has " + pattern.keys() + ", expected either String or Regex");
    }
    return pattern.has("String") ? literal(pattern, "String") : RegexPattern.of(pattern, "Regex");
  }

  private static TextPattern literal(JsonObject object, String key) {
    String literal = object.string(key);
    if (literal.isEmpty()) {
      throw object.error(key, "is empty, expected at least one character");
    }
    return TextPattern.literal(literal);
  }
}
