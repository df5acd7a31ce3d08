package nibble.loaders.model;

import nibble.loaders.json.JsonObject;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.encoder.DistilBert;
import nibble.nn.encoder.DistilBertConfig;
import nibble.nn.encoder.Encoder;
import nibble.nn.encoder.EncoderSize;

/** DistilBERT. */
final class DistilBertFamily implements ModelFamily {
  @Override
  public String modelTypes() {
    return "distilbert";
  }

  @Override
  public ModelKind kind() {
    return ModelKind.TEXT_ENCODER;
  }

  @Override
  public boolean describes(JsonObject config) {
    return TextConfigs.isOfType(config, "distilbert");
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof Encoder encoder && encoder.config() instanceof DistilBertConfig;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return DistilBert.of(ConfigKeys.checked(config, () -> fromJson(config)), weights);
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    return config;
  }

  private static DistilBertConfig fromJson(JsonObject config) {
    EncoderSize size =
        new EncoderSize(
            ConfigKeys.architecture(config, "DistilBertModel"),
            config.integer("vocab_size"),
            config.integer("dim"),
            config.integer("n_layers"),
            config.integer("hidden_dim"),
            config.integer("n_heads"),
            config.integer("max_position_embeddings", 512),
            1e-12f,
            false);
    return new DistilBertConfig(size, Activation.ofConfig(config.string("activation", "gelu")));
  }
}
