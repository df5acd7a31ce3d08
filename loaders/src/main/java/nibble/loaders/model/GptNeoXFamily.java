package nibble.loaders.model;

import nibble.loaders.json.JsonObject;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.decoder.Decoder;
import nibble.nn.decoder.DecoderSize;
import nibble.nn.decoder.GptNeoX;
import nibble.nn.decoder.GptNeoXConfig;
import nibble.nn.transformer.RopeScaling;

/** GPT-NeoX and Pythia. */
final class GptNeoXFamily implements ModelFamily {
  @Override
  public String modelTypes() {
    return "gpt_neox";
  }

  @Override
  public ModelKind kind() {
    return ModelKind.LANGUAGE_MODEL;
  }

  @Override
  public boolean describes(JsonObject config) {
    return TextConfigs.isOfType(config, "gpt_neox");
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof Decoder decoder && decoder.config() instanceof GptNeoXConfig;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return GptNeoX.of(ConfigKeys.checked(config, () -> fromJson(config)), weights);
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    return TextConfigs.toJson(config, (Decoder) model, false);
  }

  private static GptNeoXConfig fromJson(JsonObject config) {
    int hidden = config.integer("hidden_size");
    int heads = config.integer("num_attention_heads");
    int headDim = Math.max(1, hidden / Math.max(1, heads));
    int context = config.integer("max_position_embeddings", 2048);
    RopeScaling scaling = RopeJson.scaling(config, context);
    DecoderSize size =
        new DecoderSize(
            ConfigKeys.architecture(config, "GPTNeoXForCausalLM"),
            config.integer("vocab_size"),
            hidden,
            config.integer("num_hidden_layers"),
            config.integer("intermediate_size"),
            heads,
            heads,
            headDim,
            RopeJson.context(scaling, context),
            (float) config.number("layer_norm_eps", 1e-5),
            config.bool("tie_word_embeddings", false),
            TextConfigs.isFolded(config));
    return new GptNeoXConfig(
        size,
        (int) (headDim * config.number("rotary_pct", config.number("partial_rotary_factor", 0.25))),
        RopeJson.base(config, config.number("rotary_emb_base", 1e4)),
        scaling,
        config.bool("use_parallel_residual", true),
        config.bool("attention_bias", true),
        Activation.ofConfig(config.string("hidden_act", "gelu")));
  }
}
