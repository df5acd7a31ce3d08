package nibble.loaders.model;

import nibble.loaders.json.JsonObject;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.decoder.Decoder;
import nibble.nn.decoder.DecoderSize;
import nibble.nn.decoder.Gpt2;
import nibble.nn.decoder.Gpt2Config;

/** GPT-2. */
final class Gpt2Family implements ModelFamily {
  @Override
  public String modelTypes() {
    return "gpt2";
  }

  @Override
  public ModelKind kind() {
    return ModelKind.LANGUAGE_MODEL;
  }

  @Override
  public boolean describes(JsonObject config) {
    return TextConfigs.isOfType(config, "gpt2");
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof Decoder decoder && decoder.config() instanceof Gpt2Config;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return Gpt2.of(ConfigKeys.checked(config, () -> fromJson(config)), weights);
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    return TextConfigs.toJson(config, (Decoder) model, true);
  }

  private static Gpt2Config fromJson(JsonObject config) {
    int hidden = config.integer("n_embd");
    int heads = config.integer("n_head");
    DecoderSize size =
        new DecoderSize(
            ConfigKeys.architecture(config, "GPT2LMHeadModel"),
            config.integer("vocab_size"),
            hidden,
            config.integer("n_layer"),
            config.integer("n_inner", 4 * hidden),
            heads,
            heads,
            Math.max(1, hidden / Math.max(1, heads)),
            config.integer("n_positions", 1024),
            (float) config.number("layer_norm_epsilon", 1e-5),
            config.bool("tie_word_embeddings", true),
            TextConfigs.isFolded(config));
    return new Gpt2Config(
        size,
        Activation.ofConfig(config.string("activation_function", "gelu_new")),
        config.bool("scale_attn_weights", true),
        config.bool("scale_attn_by_inverse_layer_idx", false));
  }
}
