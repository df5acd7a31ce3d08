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

/**
 * Pre-norm vision transformers with the names of the first {@code vit-pytorch}; no class of Hugging
 * Face.
 */
final class PlainViTFamily implements ModelFamily {
  private static final String TYPE = "vit_mnist";

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
    return PlainSizes.read(
        config,
        sizes ->
            new PlainViTConfig(
                sizes.imageSize(),
                sizes.patchSize(),
                sizes.channels(),
                sizes.hidden(),
                sizes.layers(),
                sizes.heads(),
                (float) config.number("attention_scale", 1 / Math.sqrt(sizes.hidden())),
                sizes.intermediate(),
                Activation.GELU,
                (float) config.number("layer_norm_eps", 1e-5),
                config.bool("qkv_bias", false),
                sizes.labels()));
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
        sizes(dimensions)
            .into(config, TYPE)
            .with("qkv_bias", new JsonBool(dimensions.qkvBias()))
            .with("hidden_act", new JsonString("gelu"));
    result =
        ConfigKeys.withDefault(
            result, "attention_scale", JsonNumber.of((double) dimensions.attentionScale()));
    return ConfigKeys.withEpsilon(result, dimensions.epsilon());
  }

  private static PlainSizes sizes(PlainViTConfig c) {
    return new PlainSizes(
        c.imageSize(),
        c.patchSize(),
        c.channels(),
        c.hidden(),
        c.layers(),
        c.heads(),
        c.intermediate(),
        c.labels());
  }
}
