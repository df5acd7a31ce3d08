package nibble.loaders.model;

import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;

/** Which layers see only a window, from {@code layer_types} where a configuration has it. */
final class LayerTypes {
  private LayerTypes() {}

  /**
   * For each layer the window, 0 for none.
   *
   * @param window of the layers that have one
   * @param slides which those are where {@code layer_types} is missing
   */
  static List<Integer> windows(JsonObject config, int layers, int window, IntPredicate slides) {
    if (config.findArray("layer_types").isEmpty()) {
      return IntStream.range(0, layers).mapToObj(i -> slides.test(i) ? window : 0).toList();
    }
    JsonArray types = config.array("layer_types");
    if (types.size() != layers) {
      throw config.error(
          "layer_types", "has " + types.size() + " entries for " + layers + " layers");
    }
    return IntStream.range(0, layers)
        .mapToObj(i -> slides(config, types.string(i)) ? window : 0)
        .toList();
  }

  private static boolean slides(JsonObject config, String type) {
    return switch (type) {
      case "sliding_attention" -> true;
      case "full_attention" -> false;
      default ->
          throw config.error(
              "layer_types", "holds '" + type + "', expected full_attention or sliding_attention");
    };
  }
}
