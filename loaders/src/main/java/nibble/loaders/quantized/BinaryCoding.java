package nibble.loaders.quantized;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nibble.kernels.lowbit.BinaryWeights;
import nibble.loaders.BadFileException;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;

/**
 * Which modules are binary-coded, and how: the array {@code binary_coding} under {@code nibble} in
 * {@code config.json}. Modules go by their names in the checkpoint.
 *
 * <pre>{@code
 * "binary_coding": [{"planes": 3, "group_size": 64, "offset": false, "modules": ["vit.encoder.layer.0.output.dense"]}]
 * }</pre>
 *
 * <p>A {@code group_size} of null means one group per channel.
 */
public final class BinaryCoding {
  /** The key under {@code nibble}. */
  public static final String KEY = "binary_coding";

  private static final int MAX_PLANES = 4;

  private final JsonObject nibble;
  private final Map<String, Form> forms;

  private BinaryCoding(JsonObject nibble, Map<String, Form> forms) {
    this.nibble = nibble;
    this.forms = forms;
  }

  /**
   * What binary-coded modules may have in common.
   *
   * @param groupSize weights along the input axis that share scales; 0 for one group per channel
   * @param hasOffset whether groups have offsets
   */
  record Form(int planes, int groupSize, boolean hasOffset) {
    static Form of(BinaryWeights weights) {
      return new Form(
          weights.planes(), weights.groups() == 1 ? 0 : weights.groupSize(), weights.hasOffset());
    }

    private JsonObject toJson(List<String> modules) {
      return JsonObject.empty()
          .with("planes", JsonNumber.of(planes))
          .with("group_size", groupSize == 0 ? JsonNull.NULL : JsonNumber.of(groupSize))
          .with("offset", new JsonBool(hasOffset))
          .with("modules", JsonArray.ofStrings(modules));
    }
  }

  /** What {@code config.json} says; no modules if it says nothing. */
  static BinaryCoding of(JsonObject config) {
    JsonObject nibble = config.findObject("nibble").orElse(JsonObject.empty());
    JsonArray entries = nibble.findArray(KEY).orElse(JsonArray.ofInts());
    Map<String, Form> forms = new LinkedHashMap<>();
    for (int i = 0; i < entries.size(); i++) {
      JsonObject entry = entries.object(i);
      Form form = form(entry);
      for (String module : entry.strings("modules")) {
        if (forms.putIfAbsent(module, form) != null) {
          throw entry.error("modules", "names '" + module + "', which was named before");
        }
      }
    }
    return new BinaryCoding(nibble, forms);
  }

  private static Form form(JsonObject entry) {
    int planes = entry.integer("planes");
    if (planes < 1 || planes > MAX_PLANES) {
      throw entry.error("planes", "is " + planes + ", expected 1 to " + MAX_PLANES);
    }
    int groupSize = 0;
    if (entry.has("group_size")) {
      groupSize = entry.integer("group_size");
      if (groupSize < 1) {
        throw entry.error(
            "group_size",
            "is " + groupSize + ", expected a positive number, or null for one group per channel");
      }
    }
    return new Form(planes, groupSize, entry.bool("offset"));
  }

  /**
   * The JSON form of {@code weights} by module, modules of one form together; empty if there are
   * none.
   */
  public static Optional<JsonArray> toJson(Map<String, BinaryWeights> weights) {
    Map<Form, List<String>> modules = new LinkedHashMap<>();
    weights.forEach(
        (module, w) -> modules.computeIfAbsent(Form.of(w), f -> new ArrayList<>()).add(module));
    List<JsonValue> entries = new ArrayList<>();
    modules.forEach((form, names) -> entries.add(form.toJson(names)));
    return entries.isEmpty() ? Optional.empty() : Optional.of(JsonArray.of(entries));
  }

  /** The modules, in the order of the file. */
  Iterable<String> modules() {
    return forms.keySet();
  }

  /** How {@code module} is coded; empty if it is not. */
  Optional<Form> formOf(String module) {
    return Optional.ofNullable(forms.get(module));
  }

  /** The error that the entry for a module is wrong. */
  BadFileException error(String problem) {
    return nibble.error(KEY, problem);
  }
}
