package nibble.cli.quantization;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.quant.recipe.Recipe;

/** Recipes as JSON. */
public final class RecipeJson {
  private RecipeJson() {}

  /**
   * The recipe in {@code file}.
   *
   * @throws BadFileException if the file cannot be read or is no recipe
   */
  public static Recipe read(Path file) {
    JsonObject json = Json.readObject(file);
    try {
      return Recipe.ofTree(tree(json));
    } catch (IllegalArgumentException e) {
      throw BadFileException.of(file, String.valueOf(e.getMessage()));
    }
  }

  /** The JSON form of {@code recipe}. */
  public static JsonObject write(Recipe recipe) {
    return (JsonObject) json(recipe.toTree());
  }

  private static Map<String, Object> tree(JsonObject object) {
    Map<String, Object> tree = new LinkedHashMap<>();
    object.values().forEach((key, value) -> tree.put(key, plain(value)));
    return tree;
  }

  private static Object plain(JsonValue value) {
    return switch (value) {
      case JsonObject object -> tree(object);
      case JsonArray array -> array.values().stream().map(RecipeJson::plain).toList();
      case JsonString string -> string.value();
      case JsonBool bool -> bool.value();
      case JsonNumber number ->
          number.exactLong().isPresent()
              ? (Object) number.exactLong().getAsLong()
              : (Object) number.doubleValue();
      case JsonNull none -> throw new IllegalArgumentException("a recipe has no null");
    };
  }

  private static JsonValue json(Object value) {
    return switch (value) {
      case Map<?, ?> map -> object(map);
      case List<?> list -> {
        List<JsonValue> values = new ArrayList<>();
        list.forEach(element -> values.add(json(element)));
        yield JsonArray.of(values);
      }
      case String string -> new JsonString(string);
      case Boolean bool -> new JsonBool(bool);
      case Long number -> JsonNumber.of(number);
      case Integer number -> JsonNumber.of(number);
      case Double number -> JsonNumber.of(number);
      default -> throw new IllegalArgumentException("no JSON form for " + value.getClass());
    };
  }

  private static JsonObject object(Map<?, ?> map) {
    JsonObject object = JsonObject.empty();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      object = object.with(String.valueOf(entry.getKey()), json(entry.getValue()));
    }
    return object;
  }
}
