package nibble.loaders.tokenizer.core;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import nibble.loaders.json.JsonObject;

/** Checks shared by the readers of {@code tokenizer.json}. */
public final class Fields {
  private Fields() {}

  /**
   * Refuses keys that are not known: they might change results.
   *
   * @throws nibble.loaders.BadFileException naming the first key of {@code object} that is neither
   *     {@code type} nor in {@code known}
   */
  public static void only(JsonObject object, String... known) {
    Set<String> allowed = Set.of(known);
    for (String key : object.keys()) {
      if (!key.equals("type") && !allowed.contains(key) && object.has(key)) {
        throw object.error(
            key,
            "is not known, expected "
                + (known.length == 0 ? "none" : "only " + String.join(", ", known)));
      }
    }
  }

  /** The single character of {@code key}, as a code point. */
  public static int character(JsonObject object, String key) {
    String text = object.string(key);
    if (text.isEmpty() || text.codePointCount(0, text.length()) != 1) {
      throw object.error(key, "is '" + text + "', expected one character");
    }
    return text.codePointAt(0);
  }

  /** The objects in the array of {@code key}. */
  public static List<JsonObject> objects(JsonObject object, String key) {
    var array = object.array(key);
    List<JsonObject> result = new ArrayList<>(array.size());
    for (int i = 0; i < array.size(); i++) {
      result.add(array.object(i));
    }
    return result;
  }
}
