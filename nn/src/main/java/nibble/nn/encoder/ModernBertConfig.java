package nibble.nn.encoder;

import java.util.List;
import nibble.nn.Activation;

/**
 * The dimensions of ModernBERT.
 *
 * @param global for each layer whether it sees the whole text; the others see {@code localWindow /
 *     2} positions to either side
 * @param localWindow local_attention
 * @param globalRopeBase global_rope_theta
 * @param localRopeBase local_rope_theta
 * @param activation of the gate
 * @param attentionBias whether the layers of the attention have biases
 * @param feedForwardBias whether the feed-forward layers have biases
 * @param normBias whether normalisations have shifts
 */
public record ModernBertConfig(
    EncoderSize size,
    List<Boolean> global,
    int localWindow,
    double globalRopeBase,
    double localRopeBase,
    Activation activation,
    boolean attentionBias,
    boolean feedForwardBias,
    boolean normBias)
    implements EncoderConfig {
  public ModernBertConfig {
    global = List.copyOf(global);
    if (global.size() != size.layers()) {
      throw new IllegalArgumentException(
          "%d layers have %d kinds of attention".formatted(size.layers(), global.size()));
    }
    if (localWindow < 2) {
      throw new IllegalArgumentException("local_attention must be at least 2, was " + localWindow);
    }
  }

  @Override
  public ModernBertConfig with(EncoderSize other) {
    return new ModernBertConfig(
        other,
        global,
        localWindow,
        globalRopeBase,
        localRopeBase,
        activation,
        attentionBias,
        feedForwardBias,
        normBias);
  }
}
