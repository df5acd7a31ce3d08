package nibble.nn.encoder;

/**
 * The dimensions that every text encoder has.
 *
 * @param architecture Hugging Face class name, such as {@code BertModel}
 * @param vocabulary number of tokens
 * @param hidden width of the stream, a multiple of {@code heads}
 * @param layers number of blocks
 * @param intermediate width of the feed-forward layer
 * @param heads attention heads
 * @param context longest sequence, in tokens
 * @param epsilon of the normalisations
 * @param folded whether gains and shifts of the normalisations of the stream have been folded into
 *     linear layers
 */
public record EncoderSize(
    String architecture,
    int vocabulary,
    int hidden,
    int layers,
    int intermediate,
    int heads,
    int context,
    float epsilon,
    boolean folded) {
  public EncoderSize {
    positive("vocab_size", vocabulary);
    positive("hidden_size", hidden);
    positive("num_hidden_layers", layers);
    positive("intermediate_size", intermediate);
    positive("num_attention_heads", heads);
    positive("max_position_embeddings", context);
    if (hidden % heads != 0) {
      throw new IllegalArgumentException(
          "hidden_size " + hidden + " is not a multiple of num_attention_heads " + heads);
    }
    if (!(epsilon >= 0)) {
      throw new IllegalArgumentException(
          "the epsilon of the normalisations must not be negative, was " + epsilon);
    }
  }

  private static void positive(String key, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(key + " must be positive, was " + value);
    }
  }

  /** Channels of a head. */
  public int headDim() {
    return hidden / heads;
  }
}
