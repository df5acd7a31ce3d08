package nibble.loaders.gguf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.JsonObject;
import nibble.tensor.Tensor;

/**
 * Folders in Hugging Face layout to GGUF files, as the converter of llama.cpp does it: names, order
 * of rows, norms plus 1.
 */
public final class GgufConversion {
  private static final Pattern LAYER =
      Pattern.compile("model\\.layers\\.([0-9]+)\\.(.+)\\.(weight|bias)");
  private static final Map<String, String> ARCHITECTURES =
      Map.of(
          "llama",
          "llama",
          "mistral",
          "llama",
          "qwen2",
          "qwen2",
          "qwen3",
          "qwen3",
          "phi3",
          "phi3",
          "gemma",
          "gemma",
          "gemma2",
          "gemma2",
          "gemma3_text",
          "gemma3");

  private final JsonObject config;
  private final String architecture;
  private final GgufBytes out = new GgufBytes();

  private GgufConversion(JsonObject config) {
    this.config = config;
    architecture = ARCHITECTURES.get(config.string("model_type"));
  }

  /** Converts; matrices whose rows are long enough become Q8_0 if {@code quantize}. */
  public static Path convert(Path folder, Path file, boolean quantize) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      GgufConversion conversion = new GgufConversion(checkpoint.config());
      conversion.keys();
      checkpoint
          .tensors()
          .tensors()
          .forEach((name, tensor) -> conversion.add(name, tensor, quantize));
      return conversion.out.write(file);
    }
  }

  /** The builder of the file that {@code folder} becomes, for tests that add something. */
  public static GgufBytes bytes(Path folder) {
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      GgufConversion conversion = new GgufConversion(checkpoint.config());
      conversion.keys();
      checkpoint.tensors().tensors().forEach((name, tensor) -> conversion.add(name, tensor, false));
      return conversion.out;
    }
  }

  private void key(String name, int value) {
    out.key(architecture + "." + name, value);
  }

  private void keys() {
    out.key("general.architecture", architecture);
    int heads = config.integer("num_attention_heads");
    int headDim = config.integer("head_dim", config.integer("hidden_size") / heads);
    key("context_length", config.integer("max_position_embeddings"));
    key("embedding_length", config.integer("hidden_size"));
    key("block_count", config.integer("num_hidden_layers"));
    key("feed_forward_length", config.integer("intermediate_size"));
    key("attention.head_count", heads);
    key("attention.head_count_kv", config.integer("num_key_value_heads", heads));
    key("attention.key_length", headDim);
    key("rope.dimension_count", (int) (headDim * config.number("partial_rotary_factor", 1)));
    out.key(
        architecture + ".attention.layer_norm_rms_epsilon", (float) config.number("rms_norm_eps"));
    out.key(architecture + ".rope.freq_base", (float) config.number("rope_theta", 1e4));
    if (config.has("sliding_window")) {
      key("attention.sliding_window", config.integer("sliding_window"));
    }
    for (String cap : new String[] {"attn_logit_softcapping", "final_logit_softcapping"}) {
      if (config.has(cap)) {
        out.key(architecture + "." + cap, (float) config.number(cap));
      }
    }
    config.findObject("rope_scaling").ifPresent(scaling -> rope(scaling, headDim));
  }

  private void rope(JsonObject scaling, int headDim) {
    String type = scaling.string("rope_type", scaling.string("type", ""));
    switch (type) {
      case "linear" -> {
        out.key(architecture + ".rope.scaling.type", "linear");
        out.key(architecture + ".rope.scaling.factor", (float) scaling.number("factor"));
      }
      case "longrope" -> {
        key(
            "rope.scaling.original_context_length",
            config.integer("original_max_position_embeddings"));
        out.floats("rope_factors_short.weight", floats(scaling, "short_factor"), headDim / 2);
        out.floats("rope_factors_long.weight", floats(scaling, "long_factor"), headDim / 2);
      }
      case "llama3" -> {
        int original = scaling.integer("original_max_position_embeddings");
        key("rope.scaling.original_context_length", original);
        float[] factors = new float[headDim / 2];
        for (int i = 0; i < factors.length; i++) {
          double wave = 2 * Math.PI * Math.pow(config.number("rope_theta"), 2.0 * i / headDim);
          double low = original / scaling.number("low_freq_factor");
          double high = original / scaling.number("high_freq_factor");
          double factor = scaling.number("factor");
          double smooth =
              (original / wave - scaling.number("low_freq_factor"))
                  / (scaling.number("high_freq_factor") - scaling.number("low_freq_factor"));
          factors[i] =
              (float)
                  (wave < high ? 1 : wave > low ? factor : 1 / ((1 - smooth) / factor + smooth));
        }
        out.floats("rope_freqs.weight", factors, factors.length);
      }
      default -> throw new IllegalArgumentException(type);
    }
  }

  private static float[] floats(JsonObject json, String key) {
    double[] values = json.array(key).doubles();
    float[] result = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = (float) values[i];
    }
    return result;
  }

  private void add(String name, Tensor tensor, boolean quantize) {
    float[] values = tensor.toFloats();
    if (architecture.equals("llama") && name.contains("q_proj")) {
      values = interleaved(values, config.integer("num_attention_heads"), tensor.dim(0));
    }
    if (architecture.equals("llama") && name.contains("k_proj")) {
      values = interleaved(values, config.integer("num_key_value_heads"), tensor.dim(0));
    }
    if (architecture.startsWith("gemma") && name.endsWith("norm.weight")) {
      for (int i = 0; i < values.length; i++) {
        values[i] += 1;
      }
    }
    if (quantize && tensor.rank() == 2 && tensor.dim(1) % 32 == 0) {
      out.tensor(ggufName(name), GgufType.Q8_0, q80(values), tensor.shape().dims());
    } else {
      out.floats(ggufName(name), values, tensor.shape().dims());
    }
  }

  /** Row {@code half * d/2 + j} of a head goes to row {@code 2 j + half}. */
  private static float[] interleaved(float[] values, int heads, int rows) {
    int width = values.length / rows;
    int d = rows / heads;
    float[] result = new float[values.length];
    for (int head = 0; head < heads; head++) {
      for (int j = 0; j < d / 2; j++) {
        System.arraycopy(values, (head * d + j) * width, result, (head * d + 2 * j) * width, width);
        System.arraycopy(
            values, (head * d + d / 2 + j) * width, result, (head * d + 2 * j + 1) * width, width);
      }
    }
    return result;
  }

  static byte[] q80(float[] values) {
    ByteBuffer blocks = GgufBytes.le(values.length / 32 * 34);
    for (int i = 0; i < values.length; i += 32) {
      float largest = 0;
      for (int j = 0; j < 32; j++) {
        largest = Math.max(largest, Math.abs(values[i + j]));
      }
      blocks.putShort(Float.floatToFloat16(largest / 127));
      for (int j = 0; j < 32; j++) {
        blocks.put((byte) (largest == 0 ? 0 : Math.round(values[i + j] / (largest / 127))));
      }
    }
    return blocks.array();
  }

  private String ggufName(String name) {
    Matcher layer = LAYER.matcher(name);
    if (!layer.matches()) {
      return Optional.ofNullable(
              Map.of(
                      "model.embed_tokens.weight",
                      "token_embd.weight",
                      "model.norm.weight",
                      "output_norm.weight",
                      "lm_head.weight",
                      "output.weight")
                  .get(name))
          .orElseThrow(() -> new IllegalArgumentException(name));
    }
    boolean fourNorms = architecture.equals("gemma2") || architecture.equals("gemma3");
    String part =
        switch (layer.group(2)) {
          case "input_layernorm" -> "attn_norm";
          case "post_attention_layernorm" -> fourNorms ? "post_attention_norm" : "ffn_norm";
          case "pre_feedforward_layernorm" -> "ffn_norm";
          case "post_feedforward_layernorm" -> "post_ffw_norm";
          case "self_attn.q_proj" -> "attn_q";
          case "self_attn.k_proj" -> "attn_k";
          case "self_attn.v_proj" -> "attn_v";
          case "self_attn.qkv_proj" -> "attn_qkv";
          case "self_attn.o_proj" -> "attn_output";
          case "self_attn.q_norm" -> "attn_q_norm";
          case "self_attn.k_norm" -> "attn_k_norm";
          case "mlp.gate_proj" -> "ffn_gate";
          case "mlp.up_proj", "mlp.gate_up_proj" -> "ffn_up";
          case "mlp.down_proj" -> "ffn_down";
          default -> throw new IllegalArgumentException(name);
        };
    return "blk.%s.%s.%s".formatted(layer.group(1), part, layer.group(3));
  }
}
