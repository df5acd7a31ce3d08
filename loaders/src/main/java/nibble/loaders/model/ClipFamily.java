package nibble.loaders.model;

import nibble.loaders.json.JsonObject;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.clip.ClipConfig;
import nibble.nn.clip.ClipModel;

/** CLIP and SigLIP. */
final class ClipFamily implements ModelFamily {
  @Override
  public String modelTypes() {
    return "clip, siglip";
  }

  @Override
  public ModelKind kind() {
    return ModelKind.IMAGES_AND_TEXTS;
  }

  @Override
  public boolean describes(JsonObject config) {
    return TextConfigs.isOfType(config, "clip", "siglip");
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof ClipModel;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return new ClipModel(ConfigKeys.checked(config, () -> fromJson(config)), weights);
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    return config;
  }

  /**
   * Defaults are those of the first published checkpoint of each kind, as Hugging Face has them.
   */
  private static ClipConfig fromJson(JsonObject config) {
    boolean siglip = config.string("model_type").equals("siglip");
    JsonObject vision = config.findObject("vision_config").orElse(JsonObject.empty());
    JsonObject text = config.findObject("text_config").orElse(JsonObject.empty());
    ClipConfig.Tower textTower =
        siglip ? tower(text, true, 768, 12, 12, 3072) : tower(text, false, 512, 12, 8, 2048);
    return new ClipConfig(
        ConfigKeys.architecture(config, siglip ? "SiglipModel" : "CLIPModel"),
        siglip,
        tower(vision, siglip, 768, 12, 12, 3072),
        vision.integer("image_size", 224),
        vision.integer("patch_size", siglip ? 16 : 32),
        vision.integer("num_channels", 3),
        textTower,
        text.integer("vocab_size", siglip ? 32000 : 49408),
        text.integer("max_position_embeddings", siglip ? 64 : 77),
        text.integer("eos_token_id", 49407),
        siglip
            ? text.integer("projection_size", textTower.hidden())
            : config.integer("projection_dim", 512));
  }

  private static ClipConfig.Tower tower(
      JsonObject config, boolean siglip, int hidden, int layers, int heads, int intermediate) {
    return new ClipConfig.Tower(
        config.integer("hidden_size", hidden),
        config.integer("num_hidden_layers", layers),
        config.integer("num_attention_heads", heads),
        config.integer("intermediate_size", intermediate),
        Activation.ofConfig(
            config.string("hidden_act", siglip ? "gelu_pytorch_tanh" : "quick_gelu")),
        (float) config.number("layer_norm_eps", siglip ? 1e-6 : 1e-5));
  }
}
