package nibble.nn;

import java.util.List;
import java.util.Optional;

/**
 * How data passes through the residual stream of a pre-norm transformer. Function-preserving
 * transforms (norm folding, rotations, channel scales) are written against this description, so
 * that they fit every model that can give it.
 *
 * @param hidden width of the stream
 * @param embeddings parameters whose last axis is the stream and whose rows are added to it (class
 *     token, positions)
 * @param writers linear layers whose output is added to the stream (patch embedding, attention
 *     output, second feed-forward layer)
 * @param readers normalisations with the layers that read their result, the final one with the head
 *     included
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
   * Attention: {@code values} write {@code keyValueHeads * headDim} channels, softmax mixes tokens
   * but not channels, {@code output} reads {@code heads * headDim}; query head {@code h} reads key
   * head {@code h / (heads / keyValueHeads)}.
   *
   * @param inputs all layers that compute queries, keys and values: three, or one with the rows of
   *     all
   * @param queries which rows are the queries
   * @param keys which rows are the keys
   * @param values which rows are the values
   * @param between what happens to queries and keys before their product
   */
  public record Attention(
      List<Linear> inputs,
      HeadRows queries,
      HeadRows keys,
      HeadRows values,
      Linear output,
      int heads,
      int keyValueHeads,
      int headDim,
      Between between) {
    public Attention {
      inputs = List.copyOf(inputs);
    }

    /** With three layers for queries, keys and values, and nothing between them and the product. */
    public Attention(
        Linear query,
        Linear key,
        Linear value,
        Linear output,
        int heads,
        int keyValueHeads,
        int headDim) {
      this(
          List.of(query, key, value),
          new HeadRows(query, 0, headDim),
          new HeadRows(key, 0, headDim),
          new HeadRows(value, 0, headDim),
          output,
          heads,
          keyValueHeads,
          headDim,
          Between.NOTHING);
    }
  }

  /**
   * What happens to queries and keys between their layers and their product.
   *
   * @param rotary channels of a head that rotary positions turn: channel {@code i} together with
   *     {@code i + rotary / 2}; 0 for none
   * @param normalised whether each head is normalised
   */
  public record Between(int rotary, boolean normalised) {
    /** Nothing. */
    public static final Between NOTHING = new Between(0, false);
  }

  /**
   * The output rows of {@code linear} that are queries, keys or values: those of head {@code h} are
   * the {@code headDim} rows from {@code first + h * step} on.
   */
  public record HeadRows(Linear linear, int first, int step) {}

  /**
   * Feed-forward: {@code down} reads a non-linear function of what {@code up} writes.
   *
   * @param carrier rows that the input of {@code down} is proportional to; empty where there are
   *     none
   */
  public record FeedForward(List<Linear> up, Linear down, Optional<Carrier> carrier) {
    public FeedForward {
      up = List.copyOf(up);
    }

    /** {@code down(activation(first(x)))}. */
    public static FeedForward plain(Linear first, Activation activation, Linear down) {
      return new FeedForward(
          List.of(first),
          down,
          activation == Activation.RELU
              ? Optional.of(new Carrier(first, 0, true))
              : Optional.empty());
    }
  }

  /**
   * Rows that pass through a feed-forward layer linearly: channel {@code i} of what {@code down}
   * reads is proportional to row {@code first + i} of {@code linear}.
   *
   * @param positive whether for positive factors only, as through ReLU
   */
  public record Carrier(Linear linear, int first, boolean positive) {}
}
