package nibble.loaders.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;

/**
 * The {@code quantization_config} of compressed-tensors, format {@code pack-quantized}: which modules have which bits.
 *
 * <p>Modules go by their names in the checkpoint ({@code vit.encoder.layer.0.output.dense}); a target is such a name, {@code re:} with a
 * regular expression that its beginning must match, or the class {@code Linear}. Names go before the class, in whichever group they are.
 */
final class QuantizationConfig {
  static final String KEY = "quantization_config";

  private static final String EVERY_LINEAR = "Linear";

  private final JsonObject json;
  private final List<Group> groups;

  private QuantizationConfig(JsonObject json, List<Group> groups) {
    this.json = json;
    this.groups = groups;
  }

  /**
   * Modules that are quantized alike.
   *
   * @param groupSize weights along the input axis that share a scale; 0 for one scale per channel
   */
  record Group(String name, List<String> targets, int bits, boolean symmetric, int groupSize, Optional<Activations> activations) {
    private boolean names(String module) {
      return targets.stream().anyMatch(t -> t.startsWith("re:") ? Pattern.compile(t.substring(3)).matcher(module).lookingAt() : t.equals(module));
    }

    private boolean coversAllLinears() {
      return targets.contains(EVERY_LINEAR);
    }
  }

  /**
   * Treatment of inputs.
   *
   * @param dynamic scale per token at run time; otherwise one scale, stored in the checkpoint
   * @param clip share of the range that is kept by dynamic scales
   */
  record Activations(int bits, boolean symmetric, boolean dynamic, float clip) {}

  /** The configuration in {@code config.json}; empty if the model is not quantized. */
  static Optional<QuantizationConfig> of(JsonObject config) {
    Optional<JsonObject> found = config.findObject(KEY);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    JsonObject json = found.get();
    String method = json.string("quant_method", "compressed-tensors");
    if (!method.equals("compressed-tensors")) {
      throw json.error("quant_method", "is '" + method + "', expected compressed-tensors");
    }
    String format = json.string("format", "pack-quantized");
    if (!format.equals("pack-quantized")) {
      throw json.error("format", "is '" + format + "', expected pack-quantized");
    }
    Optional<JsonObject> clips = config.findObject("nibble").flatMap(n -> n.findObject("activation_clip"));
    List<Group> groups = new ArrayList<>();
    for (Map.Entry<String, JsonValue> entry : json.object("config_groups").values().entrySet()) {
      groups.add(group(entry.getKey(), json.object("config_groups").object(entry.getKey()), clips));
    }
    return Optional.of(new QuantizationConfig(json, List.copyOf(groups)));
  }

  private static Group group(String name, JsonObject json, Optional<JsonObject> clips) {
    JsonObject weights = json.object("weights");
    requireInt(weights);
    String strategy = weights.string("strategy", "channel");
    int groupSize =
        switch (strategy) {
          case "channel" -> 0;
          case "group" -> positive(weights, "group_size");
          default -> throw weights.error("strategy", "is '" + strategy + "', expected channel or group");
        };
    List<String> targets = json.strings("targets");
    for (String target : targets) {
      checkPattern(json, target);
    }
    float clip = clips.map(c -> (float) c.number(name, 1)).orElse(1f);
    Optional<Activations> activations = json.findObject("input_activations").map(a -> activations(a, clip));
    return new Group(name, targets, bits(weights), weights.bool("symmetric", true), groupSize, activations);
  }

  private static Activations activations(JsonObject json, float clip) {
    requireInt(json);
    boolean dynamic = json.bool("dynamic", false);
    String strategy = json.string("strategy", dynamic ? "token" : "tensor");
    if (!strategy.equals(dynamic ? "token" : "tensor")) {
      throw json.error("strategy", "is '" + strategy + "', expected token (dynamic) or tensor (static)");
    }
    return new Activations(bits(json), json.bool("symmetric", true), dynamic, clip);
  }

  private static void requireInt(JsonObject json) {
    String type = json.string("type", "int");
    if (!type.equals("int")) {
      throw json.error("type", "is '" + type + "', expected int");
    }
  }

  private static int bits(JsonObject json) {
    int bits = json.integer("num_bits");
    if (bits < 2 || bits > 8) {
      throw json.error("num_bits", "is " + bits + ", expected 2 to 8");
    }
    return bits;
  }

  private static int positive(JsonObject json, String key) {
    int value = json.integer(key);
    if (value < 1) {
      throw json.error(key, "is " + value + ", expected a positive number");
    }
    return value;
  }

  private static void checkPattern(JsonObject json, String target) {
    if (target.startsWith("re:")) {
      try {
        Pattern.compile(target.substring(3));
      } catch (PatternSyntaxException e) {
        throw json.error("targets", "has '" + target + "', which is not a regular expression: " + e.getDescription());
      }
    }
  }

  /** The group that {@code module} belongs to: the first that names it, else the first for all linear layers. */
  Group groupOf(String module) {
    for (Group group : groups) {
      if (group.names(module)) {
        return group;
      }
    }
    for (Group group : groups) {
      if (group.coversAllLinears()) {
        return group;
      }
    }
    throw json.error("config_groups", "has no group for '" + module + "', whose weight is stored as packed codes");
  }
}
