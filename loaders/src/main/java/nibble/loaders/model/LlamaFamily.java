package nibble.loaders.model;

import java.util.Collections;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import nibble.loaders.json.JsonObject;
import nibble.nn.Activation;
import nibble.nn.Model;
import nibble.nn.WeightSource;
import nibble.nn.decoder.Decoder;
import nibble.nn.decoder.DecoderSize;
import nibble.nn.decoder.Llama;
import nibble.nn.decoder.LlamaConfig;
import nibble.nn.transformer.RopeScaling;

/** Llama and the models that are built like it: Mistral, Qwen2, Qwen3, Phi-3, SmolLM. */
final class LlamaFamily implements ModelFamily {
  private static final String[] TYPES = {"llama", "mistral", "qwen2", "qwen3", "phi3", "smollm3"};

  @Override
  public String modelTypes() {
    return String.join(", ", TYPES);
  }

  @Override
  public ModelKind kind() {
    return ModelKind.LANGUAGE_MODEL;
  }

  @Override
  public boolean describes(JsonObject config) {
    return TextConfigs.isOfType(config, TYPES);
  }

  @Override
  public boolean isOf(Model model) {
    return model instanceof Decoder decoder && decoder.config() instanceof LlamaConfig;
  }

  @Override
  public Model build(JsonObject config, WeightSource weights) {
    return Llama.of(ConfigKeys.checked(config, () -> fromJson(config)), weights);
  }

  @Override
  public JsonObject toJson(JsonObject config, Model model) {
    return TextConfigs.toJson(config, (Decoder) model, tiedByDefault(config));
  }

  private static boolean tiedByDefault(JsonObject config) {
    return TextConfigs.isOfType(config, "smollm3");
  }

  private static LlamaConfig fromJson(JsonObject config) {
    String type = config.string("model_type");
    int layers = config.integer("num_hidden_layers");
    int heads = config.integer("num_attention_heads");
    int stated = config.integer("max_position_embeddings", type.equals("llama") ? 2048 : 32768);
    RopeScaling scaling = RopeJson.scaling(config, stated);
    DecoderSize size =
        new DecoderSize(
            ConfigKeys.architecture(config, "LlamaForCausalLM"),
            config.integer("vocab_size"),
            config.integer("hidden_size"),
            layers,
            config.integer("intermediate_size"),
            heads,
            config.integer("num_key_value_heads", type.equals("mistral") ? 8 : heads),
            headDim(config, heads),
            RopeJson.context(scaling, stated),
            (float) config.number("rms_norm_eps", type.equals("phi3") ? 1e-5 : 1e-6),
            config.bool("tie_word_embeddings", tiedByDefault(config)),
            TextConfigs.isFolded(config));
    boolean attentionBias = config.bool("attention_bias", false);
    return new LlamaConfig(
        size,
        RopeJson.base(config, type.equals("smollm3") ? 2e6 : 1e4),
        scaling,
        (int) (size.headDim() * config.number("partial_rotary_factor", 1)),
        Activation.ofConfig(config.string("hidden_act", "silu")),
        type.equals("qwen2") || attentionBias,
        !type.equals("qwen2") && !type.equals("phi3") && attentionBias,
        config.bool("mlp_bias", false),
        type.equals("qwen3"),
        type.equals("phi3"),
        windows(config, type, layers),
        rotary(config, type, layers));
  }

  private static int headDim(JsonObject config, int heads) {
    if (config.string("model_type").equals("qwen3")) {
      return config.integer("head_dim", 128);
    }
    int hidden = config.integer("hidden_size");
    int headDim = config.integer("head_dim", hidden / Math.max(1, heads));
    if (config.find("head_dim").isEmpty() && headDim * heads != hidden) {
      throw new IllegalArgumentException(
          "hidden_size " + hidden + " is not a multiple of num_attention_heads " + heads);
    }
    return headDim;
  }

  private static List<Integer> windows(JsonObject config, String type, int layers) {
    boolean mistral = type.equals("mistral") && !config.has("sliding_window");
    int window = config.integer("sliding_window", mistral ? 4096 : 0);
    boolean always = type.equals("mistral") || type.equals("phi3");
    if (window == 0 || !(always || config.bool("use_sliding_window", false))) {
      return Collections.nCopies(layers, 0);
    }
    IntPredicate slides = always ? i -> true : i -> i >= config.integer("max_window_layers", 28);
    return LayerTypes.windows(config, layers, window, slides);
  }

  /** SmolLM3 leaves positions out in every fourth layer. */
  private static List<Boolean> rotary(JsonObject config, String type, int layers) {
    if (!type.equals("smollm3")) {
      return Collections.nCopies(layers, true);
    }
    if (config.findArray("no_rope_layers").isPresent()) {
      return IntStream.of(config.array("no_rope_layers").ints()).mapToObj(i -> i != 0).toList();
    }
    int interval = config.integer("no_rope_layer_interval", 4);
    return IntStream.range(0, layers).mapToObj(i -> (i + 1) % interval != 0).toList();
  }
}
