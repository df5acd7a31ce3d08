package nibble.loaders.model;

import nibble.loaders.json.JsonObject;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.encoder.Bert;
import nibble.nn.encoder.BertConfig;
import nibble.nn.encoder.Encoder;
import nibble.nn.encoder.EncoderSize;

/** BERT, RoBERTa and XLM-RoBERTa. */
final class BertFamily implements ModelFamily {
  @Override
  public String modelTypes() {
    return "bert, roberta, xlm-roberta";
  }

  @Override
  public ModelKind kind() {
    return ModelKind.TEXT_ENCODER;
  }

  @Override
  public boolean describes(JsonObject config) {
    return TextConfigs.isOfType(config, "bert", "roberta", "xlm-roberta");
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof Encoder encoder && encoder.config() instanceof BertConfig;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return Bert.of(ConfigKeys.checked(config, () -> fromJson(config)), weights);
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    return config;
  }

  private static BertConfig fromJson(JsonObject config) {
    boolean bert = config.string("model_type").equals("bert");
    String positions = config.string("position_embedding_type", "absolute");
    if (!positions.equals("absolute")) {
      throw config.error("position_embedding_type", "is '" + positions + "', expected absolute");
    }
    int offset = bert ? 0 : config.integer("pad_token_id", 1) + 1;
    EncoderSize size =
        new EncoderSize(
            ConfigKeys.architecture(config, bert ? "BertModel" : "RobertaModel"),
            config.integer("vocab_size"),
            config.integer("hidden_size"),
            config.integer("num_hidden_layers"),
            config.integer("intermediate_size"),
            config.integer("num_attention_heads"),
            config.integer("max_position_embeddings", 512) - offset,
            (float) config.number("layer_norm_eps", 1e-12),
            false);
    return new BertConfig(
        size,
        bert ? "bert." : "roberta.",
        config.integer("type_vocab_size", 2),
        offset,
        Activation.ofConfig(config.string("hidden_act", "gelu")));
  }
}
