package nibble.nn.encoder;

import nibble.nn.Activation;

/**
 * The dimensions of BERT and RoBERTa.
 *
 * @param prefix first part of parameter names where the checkpoint has one, {@code bert.} or {@code
 *     roberta.}
 * @param tokenTypes segments (type_vocab_size)
 * @param positionOffset row of position 0 in the table of positions: 0, or padding id + 1 (RoBERTa)
 * @param activation of the feed-forward layer
 */
public record BertConfig(
    EncoderSize size, String prefix, int tokenTypes, int positionOffset, Activation activation)
    implements EncoderConfig {
  public BertConfig {
    if (tokenTypes < 1 || positionOffset < 0) {
      throw new IllegalArgumentException(
          "type_vocab_size "
              + tokenTypes
              + " or position offset "
              + positionOffset
              + " is too small");
    }
  }

  @Override
  public BertConfig with(EncoderSize other) {
    return new BertConfig(other, prefix, tokenTypes, positionOffset, activation);
  }
}
