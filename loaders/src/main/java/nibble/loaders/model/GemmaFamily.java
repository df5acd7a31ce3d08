package nibble.loaders.model;

import java.util.List;
import nibble.loaders.json.JsonObject;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.decoder.Decoder;
import nibble.nn.decoder.DecoderSize;
import nibble.nn.decoder.Gemma;
import nibble.nn.decoder.GemmaConfig;
import nibble.nn.transformer.RopeScaling;

/** Gemma 1, 2 and 3 (the text models). */
final class GemmaFamily implements ModelFamily {
  @Override
  public String modelTypes() {
    return "gemma, gemma2, gemma3_text";
  }

  @Override
  public ModelKind kind() {
    return ModelKind.LANGUAGE_MODEL;
  }

  @Override
  public boolean describes(JsonObject config) {
    return TextConfigs.isOfType(config, "gemma", "gemma2", "gemma3_text");
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof Decoder decoder && decoder.config() instanceof GemmaConfig;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return Gemma.of(ConfigKeys.checked(config, () -> fromJson(config)), weights);
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    return TextConfigs.toJson(config, (Decoder) model, true);
  }

  private static GemmaConfig fromJson(JsonObject config) {
    String type = config.string("model_type");
    boolean third = type.equals("gemma3_text");
    int layers = config.integer("num_hidden_layers");
    int heads = config.integer("num_attention_heads");
    int headDim = config.integer("head_dim", 256);
    int context = config.integer("max_position_embeddings", third ? 131072 : 8192);
    RopeScaling scaling = RopeJson.scaling(config, context);
    DecoderSize size =
        new DecoderSize(
            ConfigKeys.architecture(config, "GemmaForCausalLM"),
            config.integer("vocab_size"),
            config.integer("hidden_size"),
            layers,
            config.integer("intermediate_size"),
            heads,
            config.integer("num_key_value_heads", heads),
            headDim,
            RopeJson.context(scaling, context),
            (float) config.number("rms_norm_eps", 1e-6),
            config.bool("tie_word_embeddings", true),
            TextConfigs.isFolded(config));
    double base = RopeJson.base(config, third ? 1e6 : 1e4);
    return new GemmaConfig(
        size,
        !type.equals("gemma"),
        third,
        type.equals("gemma") ? headDim : config.number("query_pre_attn_scalar", 256),
        cap(config, "attn_logit_softcapping", type.equals("gemma2") ? 50 : 0),
        cap(config, "final_logit_softcapping", type.equals("gemma2") ? 30 : 0),
        activation(config, type),
        config.bool("attention_bias", false),
        windows(config, type, layers),
        base,
        scaling,
        third ? config.number("rope_local_base_freq", 1e4) : base);
  }

  /** A key that is there and null says that there is no cap. */
  private static float cap(JsonObject config, String key, double fallback) {
    return (float) (config.values().containsKey(key) ? config.number(key, 0) : fallback);
  }

  /** Gemma 1 was published with {@code hidden_act: gelu} and meant the tanh form. */
  private static Activation activation(JsonObject config, String type) {
    String named =
        config.string(
            "hidden_activation",
            type.equals("gemma")
                ? "gelu_pytorch_tanh"
                : config.string("hidden_act", "gelu_pytorch_tanh"));
    return Activation.ofConfig(named);
  }

  private static List<Integer> windows(JsonObject config, String type, int layers) {
    return switch (type) {
      case "gemma2" ->
          LayerTypes.windows(
              config, layers, config.integer("sliding_window", 4096), i -> i % 2 == 0);
      case "gemma3_text" -> {
        int pattern = config.integer("sliding_window_pattern", 6);
        yield LayerTypes.windows(
            config, layers, config.integer("sliding_window", 4096), i -> (i + 1) % pattern != 0);
      }
      default -> LayerTypes.windows(config, layers, 0, i -> false);
    };
  }
}
