package nibble.loaders.model;

import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.vit.PostNormViT;
import nibble.nn.vit.PostNormViTConfig;

/** Vision transformers around a post-norm {@code torch.nn.TransformerEncoder}; no class of Hugging Face. */
final class PostNormViTFamily implements ModelFamily {
  private static final String TYPE = "vit_postnorm_cifar";

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
    return model instanceof PostNormViT;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return new PostNormViT(dimensions(config), weights);
  }

  private static PostNormViTConfig dimensions(JsonObject config) {
    if (config.bool("norm_first", false)) {
      throw config.error("norm_first", "is true, expected false: this family normalises after adding");
    }
    try {
      return new PostNormViTConfig(
          ConfigKeys.side(config, "image_size"),
          ConfigKeys.side(config, "patch_size"),
          config.integer("num_channels", 3),
          config.integer("hidden_size"),
          config.integer("num_hidden_layers"),
          config.integer("num_attention_heads"),
          config.integer("intermediate_size"),
          Activation.ofConfig(config.string("hidden_act", "relu")),
          (float) config.number("layer_norm_eps", 1e-5),
          ConfigKeys.labels(config));
    } catch (IllegalArgumentException e) {
      throw config.error(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    PostNormViTConfig dimensions = ((PostNormViT) model).config();
    JsonObject result =
        ConfigKeys.withDefault(config, "model_type", new JsonString(TYPE))
            .with("image_size", JsonNumber.of(dimensions.imageSize()))
            .with("patch_size", JsonNumber.of(dimensions.patchSize()))
            .with("num_channels", JsonNumber.of(dimensions.channels()))
            .with("hidden_size", JsonNumber.of(dimensions.hidden()))
            .with("num_hidden_layers", JsonNumber.of(dimensions.layers()))
            .with("num_attention_heads", JsonNumber.of(dimensions.heads()))
            .with("intermediate_size", JsonNumber.of(dimensions.intermediate()))
            .with("hidden_act", new JsonString(dimensions.activation().configName()))
            .with("norm_first", new JsonBool(false))
            .with("num_labels", JsonNumber.of(dimensions.labels()));
    return ConfigKeys.withEpsilon(result, dimensions.epsilon());
  }
}
