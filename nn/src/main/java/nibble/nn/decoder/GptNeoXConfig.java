package nibble.nn.decoder;

import nibble.nn.Activation;
import nibble.nn.transformer.RopeScaling;

/**
 * The dimensions of GPT-NeoX and Pythia.
 *
 * @param rotaryDims channels of a head that turn: rotary_pct of them
 * @param ropeBase rotary_emb_base
 * @param ropeScaling for long contexts
 * @param parallel whether attention and feed-forward layer read the same stream
 *     (use_parallel_residual)
 * @param attentionBias whether the layers of the attention have biases
 * @param activation of the feed-forward layer
 */
public record GptNeoXConfig(
    DecoderSize size,
    int rotaryDims,
    double ropeBase,
    RopeScaling ropeScaling,
    boolean parallel,
    boolean attentionBias,
    Activation activation)
    implements DecoderConfig {
  public GptNeoXConfig {
    if (size.keyValueHeads() != size.heads() || size.queryWidth() != size.hidden()) {
      throw new IllegalArgumentException(
          "hidden_size "
              + size.hidden()
              + " is not a multiple of num_attention_heads "
              + size.heads());
    }
    if (rotaryDims > size.headDim()) {
      throw new IllegalArgumentException(
          "a head of " + size.headDim() + " channels cannot turn " + rotaryDims);
    }
  }

  @Override
  public GptNeoXConfig with(DecoderSize other) {
    return new GptNeoXConfig(
        other, rotaryDims, ropeBase, ropeScaling, parallel, attentionBias, activation);
  }
}
