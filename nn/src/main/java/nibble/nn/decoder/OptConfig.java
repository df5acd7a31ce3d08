package nibble.nn.decoder;

import nibble.nn.Activation;

/**
 * The dimensions of OPT.
 *
 * @param wordWidth width of the word vectors (word_embed_proj_dim); where it is not {@code hidden},
 *     two layers project in and out
 * @param preNorm whether blocks normalise their input (do_layer_norm_before); otherwise what they
 *     have added (OPT-350m)
 * @param finalNorm whether there is a normalisation after the last block
 * @param bias whether linear layers have biases
 * @param activation of the feed-forward layer
 */
public record OptConfig(
    DecoderSize size,
    int wordWidth,
    boolean preNorm,
    boolean finalNorm,
    boolean bias,
    Activation activation)
    implements DecoderConfig {
  public OptConfig {
    if (wordWidth < 1) {
      throw new IllegalArgumentException("word_embed_proj_dim must be positive, was " + wordWidth);
    }
    if (size.keyValueHeads() != size.heads() || size.queryWidth() != size.hidden()) {
      throw new IllegalArgumentException(
          "hidden_size "
              + size.hidden()
              + " is not a multiple of num_attention_heads "
              + size.heads());
    }
  }

  @Override
  public OptConfig with(DecoderSize other) {
    return new OptConfig(other, wordWidth, preNorm, finalNorm, bias, activation);
  }
}
