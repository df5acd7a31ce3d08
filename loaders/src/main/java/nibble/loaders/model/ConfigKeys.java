package nibble.loaders.model;

import java.util.List;
import java.util.function.Supplier;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;

/** What the configurations of all models have in common. */
final class ConfigKeys {
  private ConfigKeys() {}

  /**
   * The first word of {@code model_type}; configurations of unusual models have remarks behind it.
   */
  static String modelType(JsonObject config) {
    return config.string("model_type", "").strip().split("\\s", 2)[0];
  }

  /** The result of {@code maker}, with an error of dimensions named after the file. */
  static <T> T checked(JsonObject config, Supplier<T> maker) {
    try {
      return maker.get();
    } catch (IllegalArgumentException e) {
      throw config.error(String.valueOf(e.getMessage()));
    }
  }

  /** The first of {@code architectures}, or {@code fallback}. */
  static String architecture(JsonObject config, String fallback) {
    boolean named =
        config.findArray("architectures").isPresent() && config.array("architectures").size() > 0;
    return named ? config.array("architectures").string(0) : fallback;
  }

  /** An integer, or a list of two equal ones. */
  static int side(JsonObject config, String key) {
    JsonValue value = config.get(key);
    if (value instanceof JsonArray array) {
      if (array.size() != 2 || array.integer(0) != array.integer(1)) {
        throw config.error(
            key,
            "must be one number or two equal ones: only square images and patches are supported");
      }
      return array.integer(0);
    }
    return config.integer(key);
  }

  /** Number of classes: {@code num_labels}, or the entries of {@code id2label}, or 2. */
  static int labels(JsonObject config) {
    int listed = config.findObject("id2label").map(o -> o.keys().size()).orElse(0);
    int stated = config.integer("num_labels", listed == 0 ? 2 : listed);
    if (listed != 0 && stated != listed) {
      throw config.error(
          "num_labels", "is " + stated + ", but id2label has " + listed + " entries");
    }
    return stated;
  }

  /** {@code config} with {@code architecture} as its only one. */
  static JsonObject withArchitecture(JsonObject config, String architecture) {
    return config.with("architectures", JsonArray.ofStrings(List.of(architecture)));
  }

  /** The key is written if it is missing; a value that is there keeps its spelling. */
  static JsonObject withDefault(JsonObject config, String key, JsonValue value) {
    return config.has(key) ? config : config.with(key, value);
  }

  /** {@code config} with {@code layer_norm_eps}; one that is there keeps its digits. */
  static JsonObject withEpsilon(JsonObject config, float epsilon) {
    return withDefault(config, "layer_norm_eps", JsonNumber.of((double) epsilon));
  }
}
