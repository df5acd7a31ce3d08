package nibble.loaders.model;

import nibble.loaders.json.JsonObject;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.vit.ViT;

/** ViT and DeiT. */
final class ViTFamily implements ModelFamily {
  @Override
  public String modelTypes() {
    return "vit or deit";
  }

  @Override
  public ModelKind kind() {
    return ModelKind.IMAGE_CLASSIFIER;
  }

  @Override
  public boolean describes(JsonObject config) {
    return ViTConfigs.describes(config);
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof ViT;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return new ViT(ViTConfigs.fromJson(config), weights);
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    return ViTConfigs.toJson(config, ((ViT) model).config());
  }
}
