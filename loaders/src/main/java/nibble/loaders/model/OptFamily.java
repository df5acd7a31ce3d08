package nibble.loaders.model;

import nibble.loaders.json.JsonObject;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.decoder.Decoder;
import nibble.nn.decoder.DecoderSize;
import nibble.nn.decoder.Opt;
import nibble.nn.decoder.OptConfig;

/** OPT. */
final class OptFamily implements ModelFamily {
  @Override
  public String modelTypes() {
    return "opt";
  }

  @Override
  public ModelKind kind() {
    return ModelKind.LANGUAGE_MODEL;
  }

  @Override
  public boolean describes(JsonObject config) {
    return TextConfigs.isOfType(config, "opt");
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof Decoder decoder && decoder.config() instanceof OptConfig;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return Opt.of(ConfigKeys.checked(config, () -> fromJson(config)), weights);
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    return TextConfigs.toJson(config, (Decoder) model, true);
  }

  private static OptConfig fromJson(JsonObject config) {
    int hidden = config.integer("hidden_size");
    int heads = config.integer("num_attention_heads");
    DecoderSize size =
        new DecoderSize(
            ConfigKeys.architecture(config, "OPTForCausalLM"),
            config.integer("vocab_size"),
            hidden,
            config.integer("num_hidden_layers"),
            config.integer("ffn_dim"),
            heads,
            heads,
            Math.max(1, hidden / Math.max(1, heads)),
            config.integer("max_position_embeddings", 2048),
            1e-5f,
            config.bool("tie_word_embeddings", true),
            TextConfigs.isFolded(config));
    if (!config.bool("layer_norm_elementwise_affine", true)) {
      throw config.error(
          "layer_norm_elementwise_affine",
          "is false; only normalisations with gain and shift are supported");
    }
    boolean preNorm = config.bool("do_layer_norm_before", true);
    return new OptConfig(
        size,
        config.integer("word_embed_proj_dim", hidden),
        preNorm,
        preNorm && !config.bool("_remove_final_layer_norm", false),
        config.bool("enable_bias", true),
        Activation.ofConfig(config.string("activation_function", "relu")));
  }
}
