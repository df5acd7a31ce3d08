package nibble.loaders.model;

import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.vit.Dinov2;
import nibble.nn.vit.Dinov2Config;

/** DINOv2 image classifiers, with and without register tokens. */
final class Dinov2Family implements ModelFamily {
  private static final String TYPE = "dinov2";
  private static final String WITH_REGISTERS = "dinov2_with_registers";
  private static final int DEFAULT_REGISTERS = 4;

  @Override
  public String modelTypes() {
    return TYPE + " or " + WITH_REGISTERS;
  }

  @Override
  public ModelKind kind() {
    return ModelKind.IMAGE_CLASSIFIER;
  }

  @Override
  public boolean describes(JsonObject config) {
    String type = ConfigKeys.modelType(config);
    return type.equals(TYPE) || type.equals(WITH_REGISTERS);
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof Dinov2;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return new Dinov2(dimensions(config), weights);
  }

  private static Dinov2Config dimensions(JsonObject config) {
    boolean registers = ConfigKeys.modelType(config).equals(WITH_REGISTERS);
    String expected = registers ? Dinov2Config.WITH_REGISTERS : Dinov2Config.DINOV2;
    String architecture = ConfigKeys.architecture(config, expected);
    if (!architecture.equals(expected)) {
      throw config.error("architectures", "names '" + architecture + "', expected " + expected);
    }
    try {
      return new Dinov2Config(
          architecture,
          ConfigKeys.side(config, "image_size"),
          ConfigKeys.side(config, "patch_size"),
          config.integer("num_channels", 3),
          config.integer("hidden_size"),
          config.integer("num_hidden_layers"),
          config.integer("num_attention_heads"),
          config.number("mlp_ratio", 4),
          config.bool("use_swiglu_ffn", false),
          Activation.ofConfig(config.string("hidden_act", "gelu")),
          (float) config.number("layer_norm_eps", 1e-6),
          config.bool("qkv_bias", true),
          registers ? config.integer("num_register_tokens", DEFAULT_REGISTERS) : 0,
          ConfigKeys.labels(config));
    } catch (IllegalArgumentException e) {
      throw config.error(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    Dinov2Config dimensions = ((Dinov2) model).config();
    boolean registers = dimensions.architecture().equals(Dinov2Config.WITH_REGISTERS);
    JsonObject result =
        ConfigKeys.withArchitecture(config, dimensions.architecture())
            .with("model_type", new JsonString(registers ? WITH_REGISTERS : TYPE))
            .with("image_size", JsonNumber.of(dimensions.imageSize()))
            .with("patch_size", JsonNumber.of(dimensions.patchSize()))
            .with("num_channels", JsonNumber.of(dimensions.channels()))
            .with("hidden_size", JsonNumber.of(dimensions.hidden()))
            .with("num_hidden_layers", JsonNumber.of(dimensions.layers()))
            .with("num_attention_heads", JsonNumber.of(dimensions.heads()))
            .with("mlp_ratio", JsonNumber.of(dimensions.mlpRatio()))
            .with("use_swiglu_ffn", new JsonBool(dimensions.gated()))
            .with("hidden_act", new JsonString(dimensions.activation().configName()))
            .with("qkv_bias", new JsonBool(dimensions.qkvBias()));
    if (registers) {
      result = result.with("num_register_tokens", JsonNumber.of(dimensions.registers()));
    }
    return ConfigKeys.withEpsilon(result, dimensions.epsilon());
  }
}
