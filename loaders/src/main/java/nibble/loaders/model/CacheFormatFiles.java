package nibble.loaders.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.loaders.safetensors.TensorFile;
import nibble.loaders.safetensors.TensorSource;
import nibble.nn.Model;
import nibble.nn.cache.CacheFormat;
import nibble.nn.cache.KeyRotation;
import nibble.nn.cache.RowCodec;
import nibble.nn.site.FunctionRecord;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.SelfAttention;
import nibble.nn.transformer.TransformerBlock;
import nibble.tensor.Tensor;

/**
 * Formats of key-value caches in files. Under {@code nibble} in {@code config.json}: {@code
 * kv_cache}, a list of {@code block}, {@code sinks}, {@code window}, {@code before_positions},
 * {@code turned}, {@code heads_together} where keys of several heads are turned together, and
 * {@code keys} and {@code values} with {@code kind}, {@code numbers} and names of {@code tensors}.
 * The tensors are {@code nibble.kv.<block>.keys.<name>}, {@code nibble.kv.<block>.values.<name>}
 * and {@code nibble.kv.<block>.order}.
 */
final class CacheFormatFiles {
  private static final String KEY = "kv_cache";
  private static final String ORDER = "order";
  private static final int LARGEST_ORDER = 1 << 24; // channels that F32 counts exactly

  private CacheFormatFiles() {}

  /** Adds what the model has to the {@code nibble} object. */
  static JsonObject addTo(JsonObject extensions, Model model) {
    List<JsonValue> formats = new ArrayList<>();
    forEachFormat(model, (block, format) -> formats.add(json(block, format)));
    return formats.isEmpty() ? extensions : extensions.with(KEY, JsonArray.of(formats));
  }

  private static JsonObject json(String block, CacheFormat format) {
    JsonObject json =
        JsonObject.empty()
            .with("block", new JsonString(block))
            .with("sinks", JsonNumber.of(format.sinks()))
            .with("window", JsonNumber.of(format.window()))
            .with("before_positions", new JsonBool(format.beforePositions()))
            .with("turned", new JsonBool(format.turned()));
    JsonObject rotated =
        format.rotation().isPresent()
            ? json.with("heads_together", JsonNumber.of(format.headsTogether()))
            : json;
    return rotated
        .with("keys", StoredFunctionFiles.json(format.keys().stored()))
        .with("values", StoredFunctionFiles.json(format.values().stored()));
  }

  /** The tensors of what the model has. */
  static List<TensorSource> tensors(Model model) {
    List<TensorSource> tensors = new ArrayList<>();
    forEachFormat(
        model,
        (block, format) -> {
          format
              .keys()
              .stored()
              .tensors()
              .forEach(
                  (name, tensor) ->
                      tensors.add(TensorSource.of(name(block, "keys." + name), tensor)));
          format
              .values()
              .stored()
              .tensors()
              .forEach(
                  (name, tensor) ->
                      tensors.add(TensorSource.of(name(block, "values." + name), tensor)));
          format
              .rotation()
              .ifPresent(
                  rotation ->
                      tensors.add(TensorSource.of(name(block, ORDER), floats(rotation.order()))));
        });
    return tensors;
  }

  private static Tensor floats(int[] order) {
    float[] values = new float[order.length];
    for (int i = 0; i < order.length; i++) {
      values[i] = order[i];
    }
    return Tensor.of(values, values.length);
  }

  private static String name(String block, String tensor) {
    return "nibble.kv." + block + "." + tensor;
  }

  private static void forEachFormat(Model model, BiConsumer<String, CacheFormat> action) {
    if (model instanceof CausalLanguageModel language) {
      for (TransformerBlock block : language.blocks()) {
        block.attention().cacheFormat().ifPresent(format -> action.accept(block.name(), format));
      }
    }
  }

  /** Puts into {@code model} what its files hold. */
  static void install(Model model, JsonObject config, TensorFile file) {
    JsonArray formats =
        config.findObject("nibble").flatMap(n -> n.findArray(KEY)).orElse(JsonArray.ofInts());
    if (formats.size() == 0) {
      return;
    }
    Map<String, SelfAttention> attentions = new LinkedHashMap<>();
    if (model instanceof CausalLanguageModel language) {
      language.blocks().forEach(block -> attentions.put(block.name(), block.attention()));
    }
    for (int i = 0; i < formats.size(); i++) {
      JsonObject json = formats.object(i);
      String block = json.string("block");
      SelfAttention attention = attentions.get(block);
      if (attention == null) {
        throw json.error(
            "block",
            "is '"
                + block
                + "', expected a block of a causal language model: "
                + String.join(", ", attentions.keySet()));
      }
      try {
        attention.setCacheFormat(format(json, block, attention, file));
      } catch (IllegalArgumentException e) {
        throw json.error("for block '" + block + "': " + e.getMessage());
      }
    }
  }

  private static CacheFormat format(
      JsonObject json, String block, SelfAttention attention, TensorFile file) {
    Optional<KeyRotation> rotation = Optional.empty();
    if (json.has("heads_together")) {
      int heads = json.integer("heads_together");
      int most = attention.parts().core().keyValueHeads();
      if (heads < 1 || heads > most) {
        throw json.error("heads_together", "is " + heads + ", expected 1 to " + most);
      }
      int[] order = order(file.tensor(name(block, ORDER)));
      rotation = Optional.of(new KeyRotation(heads, attention.parts().core().headDim(), order));
    }
    return new CacheFormat(
        codec(json.object("keys"), name(block, "keys."), file),
        codec(json.object("values"), name(block, "values."), file),
        json.integer("sinks"),
        json.integer("window"),
        json.bool("before_positions"),
        rotation,
        json.bool("turned"));
  }

  private static int[] order(Tensor tensor) {
    float[] values = tensor.toFloats();
    int[] order = new int[values.length];
    for (int i = 0; i < order.length; i++) {
      if (!(values[i] >= 0 && values[i] < LARGEST_ORDER) || values[i] != (int) values[i]) {
        throw new IllegalArgumentException(
            "'" + ORDER + "' holds " + values[i] + ", expected channels");
      }
      order[i] = (int) values[i];
    }
    return order;
  }

  private static RowCodec codec(JsonObject json, String prefix, TensorFile file) {
    FunctionRecord record = StoredFunctionFiles.record(json, prefix, file);
    return RowCodec.of(record);
  }
}
