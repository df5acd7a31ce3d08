package nibble.cli.table;

import java.util.LinkedHashMap;
import java.util.Map;
import nibble.loaders.json.JsonObject;

/** Texts by key, in their order, as members of an object. */
final class TextMap {
  private TextMap() {}

  static JsonObject toJson(Map<String, String> texts) {
    JsonObject.Builder builder = JsonObject.builder();
    texts.forEach(builder::put);
    return builder.build();
  }

  static Map<String, String> fromJson(JsonObject json) {
    Map<String, String> texts = new LinkedHashMap<>();
    json.keys().forEach(key -> texts.put(key, json.string(key)));
    return texts;
  }
}
