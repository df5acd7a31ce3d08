package nibble.nn;

import java.util.List;

/**
 * How data passes through the residual stream of a pre-norm transformer. Function-preserving transforms (norm folding, rotations, channel
 * scales) are written against this description, so that they fit every model that can give it.
 *
 * @param hidden width of the stream
 * @param embeddings parameters whose last axis is the stream and whose rows are added to it (class token, positions)
 * @param writers linear layers whose output is added to the stream (patch embedding, attention output, second feed-forward layer)
 * @param readers normalisations with the layers that read their result, the final one with the head included
 * @param attentions value paths of the attention layers
 * @param feedForwards the feed-forward layers
 */
public record ResidualStructure(
    int hidden,
    List<Parameter> embeddings,
    List<Linear> writers,
    List<Reader> readers,
    List<Attention> attentions,
    List<FeedForward> feedForwards) {

  public ResidualStructure {
    embeddings = List.copyOf(embeddings);
    writers = List.copyOf(writers);
    readers = List.copyOf(readers);
    attentions = List.copyOf(attentions);
    feedForwards = List.copyOf(feedForwards);
  }

  /** A normalisation and all linear layers that read its output. */
  public record Reader(Norm norm, List<Linear> linears) {
    public Reader {
      linears = List.copyOf(linears);
    }
  }

  /**
   * Attention: {@code values} write {@code keyValueHeads * headDim} channels, softmax mixes tokens but not channels, {@code output} reads
   * {@code heads * headDim}.
   *
   * @param inputs all layers that compute queries, keys and values: three, or one with the rows of all
   * @param values which rows are the values
   */
  public record Attention(List<Linear> inputs, ValueRows values, Linear output, int heads, int keyValueHeads, int headDim) {
    public Attention {
      inputs = List.copyOf(inputs);
    }

    /** With three layers for queries, keys and values. */
    public Attention(Linear query, Linear key, Linear value, Linear output, int heads, int keyValueHeads, int headDim) {
      this(List.of(query, key, value), new ValueRows(value, 0, headDim), output, heads, keyValueHeads, headDim);
    }
  }

  /**
   * The output rows of {@code linear} that are values: those of key head {@code h} are the {@code headDim} rows from {@code first + h * step}
   * on.
   */
  public record ValueRows(Linear linear, int first, int step) {}

  /** Feed-forward: {@code down} reads a non-linear function of what {@code up} writes. */
  public record FeedForward(List<Linear> up, Linear down) {
    public FeedForward {
      up = List.copyOf(up);
    }
  }
}
