package nibble.nn.decoder;

/**
 * The dimensions that every causal language model has.
 *
 * @param architecture Hugging Face class name, such as {@code LlamaForCausalLM}
 * @param vocabulary number of tokens
 * @param hidden width of the stream
 * @param layers number of blocks
 * @param intermediate width of the feed-forward layer
 * @param heads query heads
 * @param keyValueHeads key and value heads, a divisor of {@code heads}
 * @param headDim channels of a head
 * @param context longest sequence, in tokens
 * @param epsilon of the normalisations
 * @param tied whether the head's weight is the table of word vectors
 * @param folded whether gains and shifts of the normalisations of the stream have been folded into
 *     linear layers
 */
public record DecoderSize(
    String architecture,
    int vocabulary,
    int hidden,
    int layers,
    int intermediate,
    int heads,
    int keyValueHeads,
    int headDim,
    int context,
    float epsilon,
    boolean tied,
    boolean folded) {

  public DecoderSize {
    positive("vocab_size", vocabulary);
    positive("hidden_size", hidden);
    positive("num_hidden_layers", layers);
    positive("intermediate_size", intermediate);
    positive("num_attention_heads", heads);
    positive("num_key_value_heads", keyValueHeads);
    positive("head_dim", headDim);
    positive("max_position_embeddings", context);
    if (heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "num_attention_heads "
              + heads
              + " is not a multiple of num_key_value_heads "
              + keyValueHeads);
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

  /** Channels of all key heads. */
  public int keyValueWidth() {
    return keyValueHeads * headDim;
  }

  /** Channels of all query heads. */
  public int queryWidth() {
    return heads * headDim;
  }

  /** The usual factor of attention products, {@code 1 / sqrt(headDim)}. */
  public float attentionScale() {
    return (float) (1 / Math.sqrt(headDim));
  }
}
