package nibble.loaders.model;

import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.vit.PlainViT;
import nibble.nn.vit.PlainViTConfig;

/** Pre-norm vision transformers with the names of the first {@code vit-pytorch}; no class of Hugging Face. */
final class PlainViTFamily implements ModelFamily {
  private static final String TYPE = "vit_mnist";

  @Override
  public String modelTypes() {
    return TYPE;
  }

  @Override
  public boolean describes(JsonObject config) {
    return ConfigKeys.modelType(config).equals(TYPE);
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof PlainViT;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return new PlainViT(dimensions(config), weights);
  }

  private static PlainViTConfig dimensions(JsonObject config) {
    if (config.bool("final_layer_norm", false)) {
      throw config.error("final_layer_norm", "is true, expected false: this family has none");
    }
    require(config, "head", "linear-gelu-linear");
    require(config, "hidden_act", "gelu");
    require(config, "patch_order", "p1 p2 c");
    try {
      int hidden = config.integer("hidden_size");
      return new PlainViTConfig(
          ConfigKeys.side(config, "image_size"),
          ConfigKeys.side(config, "patch_size"),
          config.integer("num_channels", 3),
          hidden,
          config.integer("num_hidden_layers"),
          config.integer("num_attention_heads"),
          (float) config.number("attention_scale", 1 / Math.sqrt(hidden)),
          config.integer("intermediate_size"),
          Activation.GELU,
          (float) config.number("layer_norm_eps", 1e-5),
          config.bool("qkv_bias", false),
          ConfigKeys.labels(config));
    } catch (IllegalArgumentException e) {
      throw config.error(String.valueOf(e.getMessage()));
    }
  }

  private static void require(JsonObject config, String key, String only) {
    String found = config.string(key, only);
    if (!found.equals(only)) {
      throw config.error(key, "is '" + found + "', expected '" + only + "'");
    }
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    PlainViTConfig dimensions = ((PlainViT) model).config();
    JsonObject result =
        ConfigKeys.withDefault(config, "model_type", new JsonString(TYPE))
            .with("image_size", JsonNumber.of(dimensions.imageSize()))
            .with("patch_size", JsonNumber.of(dimensions.patchSize()))
            .with("num_channels", JsonNumber.of(dimensions.channels()))
            .with("hidden_size", JsonNumber.of(dimensions.hidden()))
            .with("num_hidden_layers", JsonNumber.of(dimensions.layers()))
            .with("num_attention_heads", JsonNumber.of(dimensions.heads()))
            .with("intermediate_size", JsonNumber.of(dimensions.intermediate()))
            .with("qkv_bias", new JsonBool(dimensions.qkvBias()))
            .with("hidden_act", new JsonString("gelu"))
            .with("num_labels", JsonNumber.of(dimensions.labels()));
    result = ConfigKeys.withDefault(result, "attention_scale", JsonNumber.of((double) dimensions.attentionScale()));
    return ConfigKeys.withEpsilon(result, dimensions.epsilon());
  }
}
