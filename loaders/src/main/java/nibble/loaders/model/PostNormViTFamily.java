package nibble.loaders.model;

import nibble.loaders.json.JsonBool;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.vit.PostNormViT;
import nibble.nn.vit.PostNormViTConfig;

/**
 * Vision transformers around a post-norm {@code torch.nn.TransformerEncoder}; no class of Hugging
 * Face.
 */
final class PostNormViTFamily implements ModelFamily {
  private static final String TYPE = "vit_postnorm_cifar";

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
    return model instanceof PostNormViT;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return new PostNormViT(dimensions(config), weights);
  }

  private static PostNormViTConfig dimensions(JsonObject config) {
    if (config.bool("norm_first", false)) {
      throw config.error(
          "norm_first", "is true, expected false: this family normalises after adding");
    }
    return PlainSizes.read(
        config,
        sizes ->
            new PostNormViTConfig(
                sizes.imageSize(),
                sizes.patchSize(),
                sizes.channels(),
                sizes.hidden(),
                sizes.layers(),
                sizes.heads(),
                sizes.intermediate(),
                Activation.ofConfig(config.string("hidden_act", "relu")),
                (float) config.number("layer_norm_eps", 1e-5),
                sizes.labels()));
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    PostNormViTConfig dimensions = ((PostNormViT) model).config();
    JsonObject result =
        sizes(dimensions)
            .into(config, TYPE)
            .with("hidden_act", new JsonString(dimensions.activation().configName()))
            .with("norm_first", new JsonBool(false));
    return ConfigKeys.withEpsilon(result, dimensions.epsilon());
  }

  private static PlainSizes sizes(PostNormViTConfig c) {
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
