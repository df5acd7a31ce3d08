package nibble.loaders.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import nibble.loaders.BadFileException;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.loaders.safetensors.TensorFile;
import nibble.loaders.safetensors.TensorSource;
import nibble.nn.AffineMap;
import nibble.nn.Block;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.online.OnlineTransform;
import nibble.nn.site.FunctionRecord;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.StoredFunctions;
import nibble.tensor.Tensor;

/**
 * Stored site functions and maps beside blocks in files. Under {@code nibble} in {@code
 * config.json}: {@code site_functions}, a list of {@code site}, {@code kind}, {@code numbers} and
 * the names of {@code tensors} in the order of execution, and {@code beside}, a list of blocks. The
 * tensors are {@code nibble.site.<site>.<index>.<name>}, where the index counts the functions of
 * one site, and {@code nibble.beside.<block>.weight} and {@code .bias}.
 */
final class StoredFunctionFiles {
  private static final String FUNCTIONS = "site_functions";
  private static final String BESIDE = "beside";
  private static final int MOST_FUNCTIONS_OF_A_SITE = 16;

  private StoredFunctionFiles() {}

  /** Adds what the model has to the {@code nibble} object. */
  static JsonObject addTo(JsonObject extensions, Model model) {
    List<JsonValue> functions = new ArrayList<>();
    forEachFunction(model, (place, record) -> functions.add(json(place.site(), record)));
    JsonObject result =
        functions.isEmpty() ? extensions : extensions.with(FUNCTIONS, JsonArray.of(functions));
    List<String> blocks = List.copyOf(model.sites().beside().keySet());
    return blocks.isEmpty() ? result : result.with(BESIDE, JsonArray.ofStrings(blocks));
  }

  private static JsonObject json(Site site, FunctionRecord record) {
    JsonObject json = json(record);
    JsonObject result = JsonObject.empty().with("site", new JsonString(site.name()));
    for (String key : json.keys()) {
      result = result.with(key, json.get(key));
    }
    return result;
  }

  /** {@code kind}, {@code numbers} and the names of {@code tensors}. */
  static JsonObject json(FunctionRecord record) {
    JsonObject numbers = JsonObject.empty();
    for (Map.Entry<String, Double> number : record.numbers().entrySet()) {
      numbers = numbers.with(number.getKey(), JsonNumber.of(number.getValue()));
    }
    return JsonObject.empty()
        .with("kind", new JsonString(record.kind()))
        .with("numbers", numbers)
        .with("tensors", JsonArray.ofStrings(List.copyOf(record.tensors().keySet())));
  }

  /** The tensors of what the model has. */
  static List<TensorSource> tensors(Model model) {
    List<TensorSource> tensors = new ArrayList<>();
    forEachFunction(
        model,
        (place, record) ->
            record
                .tensors()
                .forEach(
                    (name, tensor) ->
                        tensors.add(
                            TensorSource.of(
                                name(place.site().name(), place.index(), name), tensor))));
    model
        .sites()
        .beside()
        .forEach(
            (block, map) -> {
              tensors.add(TensorSource.of(name(block, "weight"), map.weight()));
              tensors.add(TensorSource.of(name(block, "bias"), map.bias()));
            });
    return tensors;
  }

  private static String name(String site, int index, String tensor) {
    return "nibble.site." + site + "." + index + "." + tensor;
  }

  private static String name(String block, String tensor) {
    return "nibble.beside." + block + "." + tensor;
  }

  private record Place(Site site, int index) {}

  private static void forEachFunction(Model model, BiConsumer<Place, FunctionRecord> action) {
    for (Site site : model.sites().all()) {
      int index = 0;
      for (SiteFunction function : site.functions()) {
        if (function instanceof StoredFunction stored) {
          action.accept(new Place(site, index++), stored.stored());
        } else if (function instanceof OnlineTransform && index > 0) {
          throw new IllegalArgumentException(
              "site '"
                  + site
                  + "' has an online transform after stored functions, which a file cannot say; put"
                  + " transforms first");
        }
      }
    }
  }

  /** Puts into {@code model} what its files hold. */
  static void install(Model model, JsonObject config, TensorFile file) {
    JsonObject extensions = config.findObject("nibble").orElse(JsonObject.empty());
    JsonArray functions = extensions.findArray(FUNCTIONS).orElse(JsonArray.ofInts());
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (int i = 0; i < functions.size(); i++) {
      JsonObject json = functions.object(i);
      String site = json.string("site");
      int index = counts.merge(site, 1, Integer::sum) - 1;
      if (index >= MOST_FUNCTIONS_OF_A_SITE) {
        throw json.error(
            "site '" + site + "' has more than " + MOST_FUNCTIONS_OF_A_SITE + " functions");
      }
      try {
        model
            .sites()
            .get(site)
            .append(StoredFunctions.of(record(json, name(site, index, ""), file)));
      } catch (IllegalArgumentException e) {
        throw json.error("for site '" + site + "': " + e.getMessage());
      }
    }
    if (extensions.has(BESIDE)) {
      installBeside(model, extensions, file);
    }
  }

  /** What {@link #json} wrote, with tensors whose names begin with {@code prefix}. */
  static FunctionRecord record(JsonObject json, String prefix, TensorFile file) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    JsonObject stored = json.object("numbers");
    for (String key : stored.keys()) {
      numbers.put(key, stored.number(key));
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String name : json.strings("tensors")) {
      tensors.put(name, file.tensor(prefix + name));
    }
    return new FunctionRecord(json.string("kind"), numbers, tensors);
  }

  private static void installBeside(Model model, JsonObject extensions, TensorFile file) {
    List<String> known = model.blocks().stream().map(Block::name).toList();
    for (String block : extensions.strings(BESIDE)) {
      if (!known.contains(block)) {
        throw extensions.error(
            BESIDE,
            "names '" + block + "', expected one of the blocks " + String.join(", ", known));
      }
      try {
        model
            .sites()
            .putBeside(
                block,
                new AffineMap(
                    file.tensor(name(block, "weight")), file.tensor(name(block, "bias"))));
      } catch (IllegalArgumentException e) {
        throw new BadFileException(
            "%s: tensor '%s' %s"
                .formatted(file.description(), name(block, "weight"), e.getMessage()));
      }
    }
  }
}
