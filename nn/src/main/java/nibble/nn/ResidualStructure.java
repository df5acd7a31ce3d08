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
   * Attention: {@code value} writes {@code keyValueHeads * headDim} channels, softmax mixes tokens but not channels, {@code output} reads
   * {@code heads * headDim}.
   */
  public record Attention(Linear query, Linear key, Linear value, Linear output, int heads, int keyValueHeads, int headDim) {}

  /** Feed-forward: {@code down} reads a non-linear function of what {@code up} writes. */
  public record FeedForward(List<Linear> up, Linear down) {
    public FeedForward {
      up = List.copyOf(up);
    }
  }
}
