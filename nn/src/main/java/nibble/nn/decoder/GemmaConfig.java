package nibble.nn.decoder;

import java.util.List;
import nibble.nn.Activation;
import nibble.nn.transformer.RopeScaling;

/**
 * The dimensions of Gemma 1 to 3.
 *
 * @param sandwich whether outputs of attention and feed-forward layers are normalised before they
 *     are added (Gemma 2 and 3)
 * @param queryKeyNorm whether queries and keys are normalised per head (Gemma 3)
 * @param queryScalar query_pre_attn_scalar: attention products are divided by its square root
 * @param attentionSoftCap attn_logit_softcapping; 0 for none
 * @param finalSoftCap final_logit_softcapping; 0 for none
 * @param activation of the gate
 * @param attentionBias whether the layers of the attention have biases
 * @param windows for each layer how many positions a query sees, its own included; 0 for all before
 *     it
 * @param ropeBase rope_theta, of layers without a window
 * @param ropeScaling of layers without a window
 * @param localRopeBase of layers with a window, which have no scaling (Gemma 3:
 *     rope_local_base_freq; before: rope_theta)
 */
public record GemmaConfig(
    DecoderSize size,
    boolean sandwich,
    boolean queryKeyNorm,
    double queryScalar,
    float attentionSoftCap,
    float finalSoftCap,
    Activation activation,
    boolean attentionBias,
    List<Integer> windows,
    double ropeBase,
    RopeScaling ropeScaling,
    double localRopeBase)
    implements DecoderConfig {

  public GemmaConfig {
    windows = List.copyOf(windows);
    if (windows.size() != size.layers()) {
      throw new IllegalArgumentException(
          "%d layers have %d windows".formatted(size.layers(), windows.size()));
    }
    if (windows.stream().anyMatch(w -> w < 0)) {
      throw new IllegalArgumentException("sliding_window must not be negative, was " + windows);
    }
    if (!(queryScalar > 0)) {
      throw new IllegalArgumentException(
          "query_pre_attn_scalar must be positive, was " + queryScalar);
    }
    if (!(finalSoftCap >= 0)) {
      throw new IllegalArgumentException(
          "final_logit_softcapping must not be negative, was " + finalSoftCap);
    }
  }

  @Override
  public GemmaConfig with(DecoderSize other) {
    return new GemmaConfig(
        other,
        sandwich,
        queryKeyNorm,
        queryScalar,
        attentionSoftCap,
        finalSoftCap,
        activation,
        attentionBias,
        windows,
        ropeBase,
        ropeScaling,
        localRopeBase);
  }
}
