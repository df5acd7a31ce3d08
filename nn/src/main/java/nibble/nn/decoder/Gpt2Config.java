package nibble.nn.decoder;

import nibble.nn.Activation;

/**
 * The dimensions of GPT-2.
 *
 * @param activation of the feed-forward layer
 * @param scaled whether attention products are divided by {@code sqrt(headDim)}
 *     (scale_attn_weights)
 * @param scaledByLayer whether they are also divided by the number of the layer, from 1
 *     (scale_attn_by_inverse_layer_idx)
 */
public record Gpt2Config(
    DecoderSize size, Activation activation, boolean scaled, boolean scaledByLayer)
    implements DecoderConfig {
  public Gpt2Config {
    if (size.keyValueHeads() != size.heads() || size.queryWidth() != size.hidden()) {
      throw new IllegalArgumentException(
          "n_embd " + size.hidden() + " is not a multiple of n_head " + size.heads());
    }
  }

  @Override
  public Gpt2Config with(DecoderSize other) {
    return new Gpt2Config(other, activation, scaled, scaledByLayer);
  }
}
