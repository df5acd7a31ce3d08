package nibble.nn.encoder;

import nibble.nn.Activation;

/**
 * The dimensions of DistilBERT.
 *
 * @param activation of the feed-forward layer
 */
public record DistilBertConfig(EncoderSize size, Activation activation) implements EncoderConfig {
  @Override
  public DistilBertConfig with(EncoderSize other) {
    return new DistilBertConfig(other, activation);
  }
}
