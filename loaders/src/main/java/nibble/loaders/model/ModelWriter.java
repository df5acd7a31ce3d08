package nibble.loaders.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.BinaryWeights;
import nibble.kernels.lowbit.IntWeights;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.loaders.quantized.BinaryCoding;
import nibble.loaders.quantized.BinaryWeightsForm;
import nibble.loaders.quantized.GptqTensors;
import nibble.loaders.quantized.LatticeForm;
import nibble.loaders.quantized.PackedTensors;
import nibble.loaders.quantized.SideForm;
import nibble.loaders.quantized.StoredWeights;
import nibble.loaders.safetensors.SafetensorsWriter;
import nibble.loaders.safetensors.TensorSource;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Parameter;
import nibble.nn.RowTable;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.online.OnlineTransform;
import nibble.nn.packed.FloatColumnsWeight;
import nibble.nn.packed.LatticeWeight;
import nibble.nn.packed.PackedBinaryWeight;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.PackedWeight;
import nibble.nn.packed.ReorderedWeight;
import nibble.nn.packed.SparseSideWeight;

/**
 * Writes {@code config.json} and {@code model.safetensors} of a model, float or packed. The same
 * model gives the same bytes.
 *
 * <p>Packed weights have the {@code pack-quantized} format of compressed-tensors. What that format
 * has no key for stands under {@code nibble} in {@code config.json}: {@code norm}, {@code
 * online_transforms}, {@code activation_clip}, {@code binary_coding}, {@code site_functions},
 * {@code operators}, {@code beside}, {@code kv_cache}, {@code provenance}. Binary-coded weights
 * have tensors of their own, {@code x.weight_bcq_bits} and others, which other programs ignore;
 * lattice codes have {@code x.weight_e8p_codes} and others, integers with floats beside them {@code
 * x.weight_main_packed} and others.
 */
public final class ModelWriter {
  /** The key of {@code config.json} below which our own keys stand. */
  static final String EXTENSIONS = "nibble";

  private ModelWriter() {}

  /**
   * {@link #write(Path, JsonObject, Model, JsonObject, WeightFormat)} in the format of
   * compressed-tensors.
   */
  public static void write(Path folder, JsonObject config, Model model, JsonObject provenance) {
    write(folder, config, model, provenance, WeightFormat.COMPRESSED_TENSORS);
  }

  /**
   * Writes both files into {@code folder}, which exists. Weights are streamed one tensor at a time.
   *
   * @param config the configuration that the model was loaded with; keys that do not concern
   *     dimensions or quantization are kept
   * @param provenance how the model was made
   * @param format of the quantized weights
   * @throws IllegalArgumentException if a weight does not fit the format; nothing is written then
   * @throws nibble.loaders.WriteFailedException if a file cannot be written
   */
  public static void write(
      Path folder, JsonObject config, Model model, JsonObject provenance, WeightFormat format) {
    Map<Parameter, PackedWeight> packed = packed(model);
    JsonObject written = config(config, model, packed, provenance, format);
    SafetensorsWriter.write(
        folder.resolve(Checkpoint.WEIGHTS), tensors(model, packed, format), Map.of("format", "pt"));
    Json.write(folder.resolve(Checkpoint.CONFIG), written);
  }

  /** The packed weights of linear layers and tables by their parameters. */
  private static Map<Parameter, PackedWeight> packed(Model model) {
    Map<Parameter, PackedWeight> packed = new LinkedHashMap<>();
    for (Linear linear : model.linears()) {
      if (linear.isReplaced()) {
        if (!(linear.matrix() instanceof PackedWeight weight)) {
          throw new IllegalArgumentException(
              "'"
                  + linear.name()
                  + "' is "
                  + linear.matrix().format()
                  + ", which has no file format");
        }
        packed.put(linear.weight(), weight);
      }
    }
    for (Embedding table : model.tables()) {
      RowTable replacement = table.replacement();
      if (replacement != null) {
        if (!(replacement instanceof PackedWeight weight)) {
          throw new IllegalArgumentException(
              "'" + table.name() + "' is " + replacement.format() + ", which has no file format");
        }
        packed.put(table.weight(), weight);
      }
    }
    return packed;
  }

  private static List<TensorSource> tensors(
      Model model, Map<Parameter, PackedWeight> packed, WeightFormat format) {
    List<TensorSource> tensors = new ArrayList<>();
    for (Parameter parameter : model.parameters()) {
      switch (packed.get(parameter)) {
        case null -> {
          var value = parameter.stored();
          tensors.add(
              new TensorSource(parameter.name(), value.dtype(), value.shape(), parameter::stored));
        }
        case PackedWeight weight when format == WeightFormat.GPTQ ->
            tensors.addAll(GptqTensors.of(parameter.name(), weight));
        case PackedIntWeight weight -> tensors.addAll(PackedTensors.of(parameter.name(), weight));
        case ReorderedWeight weight -> tensors.addAll(PackedTensors.of(parameter.name(), weight));
        case SparseSideWeight weight -> tensors.addAll(SideForm.tensors(parameter.name(), weight));
        case FloatColumnsWeight weight ->
            tensors.addAll(SideForm.tensors(parameter.name(), weight));
        case LatticeWeight weight -> tensors.addAll(LatticeForm.tensors(parameter.name(), weight));
        case PackedBinaryWeight weight ->
            tensors.addAll(BinaryWeightsForm.tensors(parameter.name(), weight.weights()));
      }
    }
    tensors.addAll(StoredFunctionFiles.tensors(model));
    tensors.addAll(StoredFormFiles.tensors(model));
    tensors.addAll(CacheFormatFiles.tensors(model));
    return tensors;
  }

  private static JsonObject config(
      JsonObject config,
      Model model,
      Map<Parameter, PackedWeight> packed,
      JsonObject provenance,
      WeightFormat format) {
    Map<GroupKey, List<String>> groups = new LinkedHashMap<>();
    Map<String, BinaryWeights> binary = new LinkedHashMap<>();
    JsonObject result =
        ModelFamilies.of(model)
            .toJson(config.without(EXTENSIONS).without(StoredWeights.KEY), model);
    JsonObject known = result.findObject(EXTENSIONS).orElse(JsonObject.empty());
    if (format == WeightFormat.GPTQ) {
      Map<String, PackedWeight> byName = new LinkedHashMap<>();
      packed.forEach((parameter, weight) -> byName.put(parameter.name(), weight));
      return result
          .with(StoredWeights.KEY, GptqTensors.config(byName))
          .with(EXTENSIONS, extensions(known, model, groups, binary, provenance));
    }
    packed.forEach(
        (parameter, weight) -> {
          switch (weight) {
            case PackedIntWeight w ->
                groups
                    .computeIfAbsent(GroupKey.of(w, false), k -> new ArrayList<>())
                    .add(module(parameter));
            case ReorderedWeight w ->
                groups
                    .computeIfAbsent(GroupKey.of(w.weight(), true), k -> new ArrayList<>())
                    .add(module(parameter));
            case LatticeWeight w -> {}
            case SparseSideWeight w -> {}
            case FloatColumnsWeight w -> {}
            case PackedBinaryWeight w -> binary.put(module(parameter), w.weights());
          }
        });
    if (!groups.isEmpty()) {
      result = result.with(StoredWeights.KEY, quantizationConfig(model, groups));
    }
    return result.with(EXTENSIONS, extensions(known, model, groups, binary, provenance));
  }

  private static String module(Parameter weight) {
    return StoredWeights.module(weight.name());
  }

  private static JsonObject quantizationConfig(Model model, Map<GroupKey, List<String>> groups) {
    Set<String> covered = new HashSet<>();
    groups.values().forEach(covered::addAll);
    JsonObject configGroups = JsonObject.empty();
    int index = 0;
    for (Map.Entry<GroupKey, List<String>> group : groups.entrySet()) {
      JsonObject json =
          JsonObject.empty()
              .with("targets", JsonArray.ofStrings(group.getValue()))
              .with("weights", group.getKey().weights())
              .with("input_activations", group.getKey().activations());
      configGroups = configGroups.with("group_" + index++, json);
    }
    List<String> ignored =
        model.linears().stream()
            .map(l -> module(l.weight()))
            .filter(m -> !covered.contains(m))
            .toList();
    return JsonObject.empty()
        .with("quant_method", new JsonString("compressed-tensors"))
        .with("format", new JsonString("pack-quantized"))
        .with("quantization_status", new JsonString("compressed"))
        .with("config_groups", configGroups)
        .with("ignore", JsonArray.ofStrings(ignored));
  }

  private static JsonObject extensions(
      JsonObject known,
      Model model,
      Map<GroupKey, List<String>> groups,
      Map<String, BinaryWeights> binary,
      JsonObject provenance) {
    JsonObject result = known;
    List<JsonValue> transforms = new ArrayList<>();
    for (Site site : model.sites().all()) {
      for (SiteFunction function : site.functions()) {
        if (function instanceof OnlineTransform transform) {
          JsonObject json =
              JsonObject.empty()
                  .with("site", new JsonString(site.name()))
                  .with("kind", new JsonString(transform.kind()))
                  .with("size", JsonNumber.of(transform.size()));
          OptionalLong seed = transform.signSeed();
          transforms.add(
              seed.isPresent() ? json.with("sign_seed", JsonNumber.of(seed.getAsLong())) : json);
        }
      }
    }
    if (!transforms.isEmpty()) {
      result = result.with("online_transforms", JsonArray.of(transforms));
    }
    JsonObject clips = clips(groups);
    if (!clips.keys().isEmpty()) {
      result = result.with("activation_clip", clips);
    }
    Optional<JsonArray> coding = BinaryCoding.toJson(binary);
    if (coding.isPresent()) {
      result = result.with(BinaryCoding.KEY, coding.get());
    }
    result = StoredFormFiles.addTo(StoredFunctionFiles.addTo(result, model), model);
    return CacheFormatFiles.addTo(result, model).with("provenance", provenance);
  }

  private static JsonObject clips(Map<GroupKey, List<String>> groups) {
    JsonObject clips = JsonObject.empty();
    int index = 0;
    for (GroupKey key : groups.keySet()) {
      if (key.clip() != 1f) {
        clips = clips.with("group_" + index, JsonNumber.of((double) key.clip()));
      }
      index++;
    }
    return clips;
  }

  /** What layers of one group have in common; activation bits 0 mean float. */
  private record GroupKey(
      int bits,
      boolean symmetric,
      int groupSize,
      boolean reordered,
      int activationBits,
      boolean activationSymmetric,
      boolean dynamic,
      float clip) {

    static GroupKey of(PackedIntWeight packed, boolean reordered) {
      IntWeights w = packed.weights();
      int groupSize = w.groups() == 1 ? 0 : w.groupSize();
      return switch (packed.activations()) {
        case null ->
            new GroupKey(w.bits(), w.isSymmetric(), groupSize, reordered, 0, false, false, 1f);
        case ActivationQuantizer.PerToken a ->
            new GroupKey(
                w.bits(),
                w.isSymmetric(),
                groupSize,
                reordered,
                a.bits(),
                a.symmetric(),
                true,
                a.clip());
        case ActivationQuantizer.PerTensor a ->
            new GroupKey(
                w.bits(),
                w.isSymmetric(),
                groupSize,
                reordered,
                a.bits(),
                a.symmetric(),
                false,
                1f);
      };
    }

    JsonObject weights() {
      JsonObject json =
          quantizer(bits, symmetric, groupSize == 0 ? "channel" : "group", false)
              .with("group_size", groupSize == 0 ? JsonNull.NULL : JsonNumber.of(groupSize));
      return reordered ? json.with("actorder", new JsonString("group")) : json;
    }

    JsonValue activations() {
      return activationBits == 0
          ? JsonNull.NULL
          : quantizer(activationBits, activationSymmetric, dynamic ? "token" : "tensor", dynamic);
    }

    private static JsonObject quantizer(
        int bits, boolean symmetric, String strategy, boolean dynamic) {
      return JsonObject.empty()
          .with("num_bits", JsonNumber.of(bits))
          .with("type", new JsonString("int"))
          .with("symmetric", new JsonBool(symmetric))
          .with("strategy", new JsonString(strategy))
          .with("dynamic", new JsonBool(dynamic));
    }
  }
}
