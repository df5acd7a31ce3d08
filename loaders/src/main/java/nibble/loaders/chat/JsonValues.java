package nibble.loaders.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.loaders.chat.jinja.None;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;

/** JSON as values of templates. */
final class JsonValues {
  private JsonValues() {}

  static Object of(JsonValue value) {
    return switch (value) {
      case JsonNull _ -> None.NONE;
      case JsonBool(boolean flag) -> flag;
      case JsonString(String text) -> text;
      case JsonNumber number -> number(number);
      case JsonArray array -> list(array);
      case JsonObject object -> dict(object);
    };
  }

  private static Object number(JsonNumber number) {
    boolean plain = number.literal().chars().allMatch(c -> c == '-' || c >= '0' && c <= '9');
    return plain && number.exactLong().isPresent()
        ? (Object) number.exactLong().getAsLong()
        : (Object) number.doubleValue();
  }

  static List<Object> list(JsonArray array) {
    List<Object> list = new ArrayList<>(array.size());
    array.values().forEach(element -> list.add(of(element)));
    return list;
  }

  static Map<String, Object> dict(JsonObject object) {
    Map<String, Object> dict = new LinkedHashMap<>();
    object.values().forEach((key, value) -> dict.put(key, of(value)));
    return dict;
  }
}
