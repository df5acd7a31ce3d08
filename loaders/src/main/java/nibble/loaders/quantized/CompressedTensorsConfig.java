package nibble.loaders.quantized;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;

/**
 * The {@code quantization_config} of compressed-tensors: which modules have which bits. How their
 * weights are stored shows in the tensors themselves; the known formats are {@code pack-quantized},
 * {@code int-quantized}, {@code float-quantized} and {@code naive-quantized}.
 *
 * <p>Modules go by their names in the checkpoint ({@code vit.encoder.layer.0.output.dense}); a
 * target is such a name, {@code re:} with a regular expression that its beginning must match, or
 * the class {@code Linear}. Names go before the class, in whichever group they are.
 */
final class CompressedTensorsConfig {
  private static final String EVERY_LINEAR = "Linear";
  private static final List<String> FORMATS =
      List.of("pack-quantized", "int-quantized", "float-quantized", "naive-quantized");

  private final JsonObject json;
  private final List<Group> groups;
  private final List<String> ignored;

  private CompressedTensorsConfig(JsonObject json, List<Group> groups, List<String> ignored) {
    this.json = json;
    this.groups = groups;
    this.ignored = ignored;
  }

  /**
   * Modules that are quantized alike.
   *
   * @param isFloat whether codes are 8-bit floats
   * @param groupSize weights along the input axis that share a scale; 0 for one scale per channel
   *     or tensor
   */
  record Group(
      String name,
      List<String> targets,
      boolean isFloat,
      int bits,
      boolean symmetric,
      int groupSize,
      Optional<Activations> activations) {
    private boolean names(String module) {
      return targets.stream().anyMatch(target -> matches(target, module));
    }

    /** Weights that share a scale, of a layer with {@code in} inputs. */
    int sizeFor(int in) {
      return groupSize == 0 ? in : groupSize;
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

  private static boolean matches(String target, String module) {
    return target.startsWith("re:")
        ? Pattern.compile(target.substring(3)).matcher(module).lookingAt()
        : target.equals(module);
  }

  /**
   * Reads {@code quantization_config}.
   *
   * @param config all of {@code config.json}, which may say below {@code nibble} how far dynamic
   *     scales clip
   */
  static CompressedTensorsConfig of(JsonObject json, JsonObject config) {
    String format = json.string("format", FORMATS.getFirst());
    if (!FORMATS.contains(format)) {
      throw json.error(
          "format", "is '" + format + "', expected one of " + String.join(", ", FORMATS));
    }
    Optional<JsonObject> clips =
        config.findObject("nibble").flatMap(n -> n.findObject("activation_clip"));
    List<Group> groups = new ArrayList<>();
    for (Map.Entry<String, JsonValue> entry : json.object("config_groups").values().entrySet()) {
      groups.add(group(entry.getKey(), json.object("config_groups").object(entry.getKey()), clips));
    }
    List<String> ignored = json.findArray("ignore").map(JsonArray::strings).orElse(List.of());
    ignored.forEach(pattern -> checkPattern(json, "ignore", pattern));
    return new CompressedTensorsConfig(json, List.copyOf(groups), ignored);
  }

  private static Group group(String name, JsonObject json, Optional<JsonObject> clips) {
    JsonObject weights = json.object("weights");
    boolean isFloat = isFloat(weights);
    String strategy = weights.string("strategy", "channel");
    int groupSize =
        switch (strategy) {
          case "channel", "tensor" -> 0;
          case "group" -> positive(weights, "group_size");
          default ->
              throw weights.error(
                  "strategy", "is '" + strategy + "', expected tensor, channel or group");
        };
    List<String> targets = json.strings("targets");
    for (String target : targets) {
      checkPattern(json, "targets", target);
    }
    float clip = clips.map(c -> (float) c.number(name, 1)).orElse(1f);
    // Inputs of 8-bit float layers stay as they are: their products are computed in F32.
    Optional<Activations> activations =
        json.findObject("input_activations").filter(a -> !isFloat).map(a -> activations(a, clip));
    return new Group(
        name,
        targets,
        isFloat,
        bits(weights),
        weights.bool("symmetric", true),
        groupSize,
        activations);
  }

  private static Activations activations(JsonObject json, float clip) {
    if (isFloat(json)) {
      throw json.error("type", "is 'float', but the weights are integers; expected int");
    }
    boolean dynamic = json.bool("dynamic", false);
    String strategy = json.string("strategy", dynamic ? "token" : "tensor");
    if (!strategy.equals(dynamic ? "token" : "tensor")) {
      throw json.error(
          "strategy", "is '" + strategy + "', expected token (dynamic) or tensor (static)");
    }
    return new Activations(bits(json), json.bool("symmetric", true), dynamic, clip);
  }

  private static boolean isFloat(JsonObject json) {
    String type = json.string("type", "int");
    if (type.equals("float") && json.integer("num_bits") == 8) {
      return true;
    }
    if (!type.equals("int")) {
      throw json.error("type", "is '" + type + "', expected int, or float with 8 bits");
    }
    return false;
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

  private static void checkPattern(JsonObject json, String key, String target) {
    if (target.startsWith("re:")) {
      try {
        Pattern.compile(target.substring(3));
      } catch (PatternSyntaxException e) {
        throw json.error(
            key, "has '" + target + "', which is not a regular expression: " + e.getDescription());
      }
    }
  }

  /** Whether {@code module} is left in float. */
  boolean ignores(String module) {
    return ignored.stream().anyMatch(pattern -> matches(pattern, module));
  }

  /**
   * The group that {@code module} belongs to: the first that names it, else the first for all
   * linear layers.
   */
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
    throw json.error(
        "config_groups",
        "has no group for '" + module + "', whose weight is stored as packed codes");
  }
}
