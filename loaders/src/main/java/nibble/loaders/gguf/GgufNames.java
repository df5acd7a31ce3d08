package nibble.loaders.gguf;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of tensors in a file to those of Hugging Face. Source: {@code tensor_mapping.py} of
 * gguf-py.
 */
final class GgufNames {
  private static final Pattern BLOCK =
      Pattern.compile("blk\\.([0-9]{1,6})\\.([a-z_]+)\\.(weight|bias)");

  private final Map<String, String> ofBlock = new HashMap<>();

  GgufNames(GgufArchitecture architecture) {
    ofBlock.putAll(
        Map.of(
            "attn_norm", "input_layernorm",
            "attn_q", "self_attn.q_proj",
            "attn_k", "self_attn.k_proj",
            "attn_v", "self_attn.v_proj",
            "attn_qkv", "self_attn.qkv_proj",
            "attn_output", "self_attn.o_proj",
            "attn_q_norm", "self_attn.q_norm",
            "attn_k_norm", "self_attn.k_norm",
            "ffn_gate", "mlp.gate_proj",
            "ffn_down", "mlp.down_proj"));
    ofBlock.put(
        "ffn_up", architecture == GgufArchitecture.PHI3 ? "mlp.gate_up_proj" : "mlp.up_proj");
    ofBlock.put(
        "ffn_norm",
        architecture.hasNormsBehind() ? "pre_feedforward_layernorm" : "post_attention_layernorm");
    if (architecture.hasNormsBehind()) {
      ofBlock.put("post_attention_norm", "post_attention_layernorm");
      ofBlock.put("post_ffw_norm", "post_feedforward_layernorm");
    }
  }

  /** The name of Hugging Face; empty if the architecture has no such tensor. */
  Optional<String> of(String name) {
    return switch (name) {
      case "token_embd.weight" -> Optional.of("model.embed_tokens.weight");
      case "output_norm.weight" -> Optional.of("model.norm.weight");
      case "output.weight" -> Optional.of("lm_head.weight");
      default -> {
        Matcher block = BLOCK.matcher(name);
        yield block.matches() && ofBlock.containsKey(block.group(2))
            ? Optional.of(
                "model.layers.%s.%s.%s"
                    .formatted(block.group(1), ofBlock.get(block.group(2)), block.group(3)))
            : Optional.empty();
      }
    };
  }
}
