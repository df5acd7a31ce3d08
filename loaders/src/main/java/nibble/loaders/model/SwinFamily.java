package nibble.loaders.model;

import java.util.Arrays;
import java.util.List;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.vit.Swin;
import nibble.nn.vit.SwinConfig;

/** Swin image classifiers. */
final class SwinFamily implements ModelFamily {
  private static final String TYPE = "swin";

  /** A key of our own, below {@code nibble}: Hugging Face's merging layers have no bias. */
  private static final String MERGE_BIAS = "merge_bias";

  @Override
  public String modelTypes() {
    return TYPE;
  }

  @Override
  public ModelKind kind() {
    return ModelKind.IMAGE_CLASSIFIER;
  }

  @Override
  public boolean describes(JsonObject config) {
    return ConfigKeys.modelType(config).equals(TYPE);
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof Swin;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return new Swin(dimensions(config), weights);
  }

  private static SwinConfig dimensions(JsonObject config) {
    String architecture = ConfigKeys.architecture(config, Swin.ARCHITECTURE);
    if (!architecture.equals(Swin.ARCHITECTURE)) {
      throw config.error(
          "architectures", "names '" + architecture + "', expected " + Swin.ARCHITECTURE);
    }
    if (config.bool("use_absolute_embeddings", false)) {
      throw config.error(
          "use_absolute_embeddings",
          "is true, expected false: absolute positions are not supported");
    }
    try {
      return new SwinConfig(
          ConfigKeys.side(config, "image_size"),
          ConfigKeys.side(config, "patch_size"),
          config.integer("num_channels", 3),
          config.integer("embed_dim"),
          numbers(config, "depths"),
          numbers(config, "num_heads"),
          ConfigKeys.side(config, "window_size"),
          config.number("mlp_ratio", 4),
          config.bool("qkv_bias", true),
          config
              .findObject(ModelWriter.EXTENSIONS)
              .map(n -> n.bool(MERGE_BIAS, false))
              .orElse(false),
          Activation.ofConfig(config.string("hidden_act", "gelu")),
          (float) config.number("layer_norm_eps", 1e-5),
          ConfigKeys.labels(config));
    } catch (IllegalArgumentException e) {
      throw config.error(String.valueOf(e.getMessage()));
    }
  }

  private static List<Integer> numbers(JsonObject config, String key) {
    return Arrays.stream(config.array(key).ints()).boxed().toList();
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    SwinConfig dimensions = ((Swin) model).config();
    JsonObject result =
        ConfigKeys.withArchitecture(config, Swin.ARCHITECTURE)
            .with("model_type", new JsonString(TYPE))
            .with("image_size", JsonNumber.of(dimensions.imageSize()))
            .with("patch_size", JsonNumber.of(dimensions.patchSize()))
            .with("num_channels", JsonNumber.of(dimensions.channels()))
            .with("embed_dim", JsonNumber.of(dimensions.embedDim()))
            .with("depths", array(dimensions.depths()))
            .with("num_heads", array(dimensions.heads()))
            .with("window_size", JsonNumber.of(dimensions.window()))
            .with("mlp_ratio", JsonNumber.of(dimensions.mlpRatio()))
            .with("qkv_bias", new JsonBool(dimensions.qkvBias()))
            .with("hidden_act", new JsonString(dimensions.activation().configName()));
    if (dimensions.mergeBias()) {
      result =
          result.with(
              ModelWriter.EXTENSIONS, JsonObject.empty().with(MERGE_BIAS, new JsonBool(true)));
    }
    return ConfigKeys.withEpsilon(result, dimensions.epsilon());
  }

  private static JsonArray array(List<Integer> numbers) {
    return JsonArray.ofInts(numbers.stream().mapToInt(Integer::intValue).toArray());
  }
}
