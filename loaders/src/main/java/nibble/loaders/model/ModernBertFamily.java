package nibble.loaders.model;

import java.util.List;
import java.util.stream.IntStream;
import nibble.loaders.json.JsonObject;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.encoder.Encoder;
import nibble.nn.encoder.EncoderSize;
import nibble.nn.encoder.ModernBert;
import nibble.nn.encoder.ModernBertConfig;

/** ModernBERT. */
final class ModernBertFamily implements ModelFamily {
  @Override
  public String modelTypes() {
    return "modernbert";
  }

  @Override
  public ModelKind kind() {
    return ModelKind.TEXT_ENCODER;
  }

  @Override
  public boolean describes(JsonObject config) {
    return TextConfigs.isOfType(config, "modernbert");
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof Encoder encoder && encoder.config() instanceof ModernBertConfig;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return ModernBert.of(ConfigKeys.checked(config, () -> fromJson(config)), weights);
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    return config;
  }

  private static ModernBertConfig fromJson(JsonObject config) {
    int layers = config.integer("num_hidden_layers");
    EncoderSize size =
        new EncoderSize(
            ConfigKeys.architecture(config, "ModernBertModel"),
            config.integer("vocab_size"),
            config.integer("hidden_size"),
            layers,
            config.integer("intermediate_size"),
            config.integer("num_attention_heads"),
            config.integer("max_position_embeddings", 8192),
            (float) config.number("norm_eps", 1e-5),
            false);
    return new ModernBertConfig(
        size,
        global(config, layers),
        config.integer("local_attention", 128),
        config.number("global_rope_theta", 160_000),
        config.number("local_rope_theta", 10_000),
        Activation.ofConfig(config.string("hidden_activation", "gelu")),
        config.bool("attention_bias", false),
        config.bool("mlp_bias", false),
        config.bool("norm_bias", false));
  }

  private static List<Boolean> global(JsonObject config, int layers) {
    int every = config.integer("global_attn_every_n_layers", 3);
    List<Integer> windows = LayerTypes.windows(config, layers, 1, i -> i % Math.max(1, every) != 0);
    return IntStream.range(0, layers).mapToObj(i -> windows.get(i) == 0).toList();
  }
}
