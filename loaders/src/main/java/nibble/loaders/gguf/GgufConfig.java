package nibble.loaders.gguf;

import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;

/** The keys of Hugging Face's {@code config.json} from the metadata and the tensors of a file. */
final class GgufConfig {
  private static final String ROPE_FACTORS = "rope_freqs.weight";
  private static final double LOW = 1;
  private static final double HIGH = 4;
  private static final int ORIGINAL = 8192;
  private static final String ORIGINAL_KEY = "rope.scaling.original_context_length";

  private final GgufFile file;
  private final GgufMetadata metadata;
  private final GgufArchitecture architecture;
  private final String prefix;

  private GgufConfig(GgufFile file) {
    this.file = file;
    metadata = file.metadata();
    architecture = GgufArchitecture.of(metadata);
    prefix = architecture.id() + ".";
  }

  static JsonObject of(GgufFile file) {
    JsonObject config = new GgufConfig(file).config();
    return Json.parseObject(
        file.file() + ": configuration from the metadata",
        Json.compact(config)); // errors name the file then
  }

  private JsonObject config() {
    int heads = metadata.integer(prefix + "attention.head_count");
    int hidden = metadata.integer(prefix + "embedding_length");
    if (heads < 1 || hidden < 1) {
      throw metadata.error(
          prefix + "attention.head_count",
          "is " + heads + " of embedding_length " + hidden + ", expected positive numbers");
    }
    int headDim = metadata.findInteger(prefix + "attention.key_length").orElse(hidden / heads);
    int layers = metadata.integer(prefix + "block_count");
    JsonObject json =
        JsonObject.builder()
            .put("architectures", JsonArray.ofStrings(List.of(architecture.className())))
            .put("model_type", architecture.modelType())
            .put("vocab_size", file.tensor("token_embd.weight").rows())
            .put("hidden_size", hidden)
            .put("num_hidden_layers", layers)
            .put("num_attention_heads", heads)
            .put(
                "num_key_value_heads",
                metadata.findInteger(prefix + "attention.head_count_kv").orElse(heads))
            .put("head_dim", headDim)
            .put("intermediate_size", metadata.integer(prefix + "feed_forward_length"))
            .put("max_position_embeddings", metadata.integer(prefix + "context_length"))
            .put("rms_norm_eps", number("attention.layer_norm_rms_epsilon", 1e-5))
            .put("rope_theta", number("rope.freq_base", 1e4))
            .put("tie_word_embeddings", !file.tensors().containsKey("output.weight"))
            .put(
                "mlp_bias",
                architecture == GgufArchitecture.LLAMA
                    && file.tensors().containsKey("blk.0.ffn_up.bias"))
            .put(
                "attention_bias",
                architecture == GgufArchitecture.LLAMA
                    && file.tensors().containsKey("blk.0.attn_q.bias"))
            .build();
    json = tokens(rope(json, headDim));
    int rotary = metadata.findInteger(prefix + "rope.dimension_count").orElse(headDim);
    if (rotary != headDim) {
      json = json.with("partial_rotary_factor", JsonNumber.of((double) rotary / headDim));
    }
    return ofFamily(json, layers, (double) hidden / heads, headDim);
  }

  private double number(String key, double fallback) {
    // Decimal digits of the F32 in the file, so that 1e-5 stays 1e-5.
    return metadata
        .findNumber(prefix + key)
        .map(d -> Double.parseDouble(Float.toString(d.floatValue())))
        .orElse(fallback);
  }

  private JsonObject tokens(JsonObject json) {
    JsonObject result = json;
    for (String role : new String[] {"bos", "eos"}) {
      var id = metadata.findInteger("tokenizer.ggml." + role + "_token_id");
      result = id.isPresent() ? result.with(role + "_token_id", JsonNumber.of(id.get())) : result;
    }
    return result;
  }

  private JsonObject ofFamily(JsonObject json, int layers, double widthPerHead, int headDim) {
    JsonObject result = json;
    boolean slides = architecture == GgufArchitecture.PHI3 || architecture.hasNormsBehind();
    var window = metadata.findInteger(prefix + "attention.sliding_window");
    if (slides && window.isPresent()) {
      result = result.with("sliding_window", JsonNumber.of(window.get()));
    }
    if (architecture.hasNormsBehind()) {
      // The file does not say it; llama.cpp tells the largest model of each generation by its
      // number of blocks.
      boolean largest = layers == (architecture == GgufArchitecture.GEMMA2 ? 46 : 62);
      result =
          result.with(
              "query_pre_attn_scalar", JsonNumber.of(largest ? widthPerHead : (double) headDim));
    }
    if (architecture == GgufArchitecture.GEMMA2) {
      result =
          result.with(
              "attn_logit_softcapping", JsonNumber.of(number("attn_logit_softcapping", 50)));
      result =
          result.with(
              "final_logit_softcapping", JsonNumber.of(number("final_logit_softcapping", 30)));
    }
    return result;
  }

  private JsonObject rope(JsonObject json, int headDim) {
    if (file.tensors().containsKey(ROPE_FACTORS)) {
      return json.with("rope_scaling", llama3(headDim, json.number("rope_theta")));
    }
    if (file.tensors().containsKey("rope_factors_long.weight")) {
      return longRope(json);
    }
    String type = metadata.findString(prefix + "rope.scaling.type").orElse("none");
    double factor = number("rope.scaling.factor", number("rope.scale_linear", 1));
    if (type.equals("none") && factor == 1) {
      return json;
    }
    JsonObject scaling = JsonObject.empty().with("factor", JsonNumber.of(factor));
    return switch (type) {
      case "linear", "none" ->
          json.with("rope_scaling", scaling.with("rope_type", new JsonString("linear")));
      case "yarn" ->
          json.with(
              "rope_scaling",
              scaling
                  .with("rope_type", new JsonString("yarn"))
                  .with(
                      "original_max_position_embeddings",
                      JsonNumber.of(metadata.integer(prefix + ORIGINAL_KEY))));
      default ->
          throw metadata.error(
              prefix + "rope.scaling.type", "is '" + type + "', expected none, linear or yarn");
    };
  }

  private JsonObject longRope(JsonObject json) {
    JsonObject scaling =
        JsonObject.empty()
            .with("rope_type", new JsonString("longrope"))
            .with("short_factor", numbers("rope_factors_short.weight"))
            .with("long_factor", numbers("rope_factors_long.weight"));
    int original = metadata.integer(prefix + ORIGINAL_KEY);
    return json.with("rope_scaling", scaling)
        .with("original_max_position_embeddings", JsonNumber.of(original));
  }

  private JsonArray numbers(String tensor) {
    float[] values = file.tensor(tensor).toFloats();
    return JsonArray.of(
        IntStream.range(0, values.length)
            .mapToDouble(i -> values[i])
            .mapToObj(JsonNumber::of)
            .toList());
  }

  /**
   * The scaling of Llama 3.1 and later. The file has the factor of every frequency, not the numbers
   * that they come from. Those are guessed, as in all published models: low 1, high 4, 8192
   * positions unless a key says otherwise, and the largest factor. If they do not give the factors
   * of the file, it is refused.
   */
  private JsonObject llama3(int headDim, double base) {
    float[] factors = file.tensor(ROPE_FACTORS).toFloats();
    double factor =
        DoubleStream.of(IntStream.range(0, factors.length).mapToDouble(i -> factors[i]).toArray())
            .max()
            .orElse(1);
    int original = metadata.findInteger(prefix + ORIGINAL_KEY).orElse(ORIGINAL);
    for (int i = 0; i < factors.length; i++) {
      double length = 2 * Math.PI * Math.pow(base, 2.0 * i / headDim);
      double smooth = (original / length - LOW) / (HIGH - LOW);
      double expected =
          length < original / HIGH
              ? 1
              : length > original / LOW ? factor : 1 / ((1 - smooth) / factor + smooth);
      if (Math.abs(expected - factors[i]) > 1e-3 * expected) {
        throw metadata.error(
            ROPE_FACTORS,
            "holds %s at element %d, expected %.4f for the scaling of Llama 3; other factors are not supported"
                .formatted(factors[i], i, expected));
      }
    }
    return JsonObject.empty()
        .with("rope_type", new JsonString("llama3"))
        .with("factor", JsonNumber.of(factor))
        .with("low_freq_factor", JsonNumber.of(LOW))
        .with("high_freq_factor", JsonNumber.of(HIGH))
        .with("original_max_position_embeddings", JsonNumber.of(original));
  }
}
