package nibble.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import nibble.kernels.attention.AttentionRule;
import nibble.kernels.attention.SmoothedScores;
import nibble.nn.Site;
import nibble.nn.cache.CacheShape;
import nibble.nn.cache.FloatLayerCache;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code softmax(scale Q K^T) V} for every sequence of a batch, where several query heads may share
 * a key head. Queries, keys and values are {@code [batch, tokens, heads * headDim]} with the rows
 * of {@link Sequences}.
 *
 * @param heads query heads, a multiple of {@code keyValueHeads}
 * @param keyValueHeads key and value heads
 * @param headDim channels of a head
 * @param scale factor of the products, usually {@code 1 / sqrt(headDim)}
 * @param softCap {@code cap * tanh(score / cap)} on scores; 0 for none (Gemma 2)
 * @param visibility which keys a query sees
 */
public record AttentionCore(
    int heads, int keyValueHeads, int headDim, float scale, float softCap, Visibility visibility) {
  public AttentionCore {
    positive("num_attention_heads", heads);
    positive("num_key_value_heads", keyValueHeads);
    positive("head_dim", headDim);
    if (heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "num_attention_heads "
              + heads
              + " is not a multiple of num_key_value_heads "
              + keyValueHeads);
    }
    if (!(softCap >= 0)) {
      throw new IllegalArgumentException(
          "attn_logit_softcapping must not be negative, was " + softCap);
    }
  }

  private static void positive(String key, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(key + " must be positive, was " + value);
    }
  }

  /** As many key heads as query heads, the usual scale, no cap. */
  public static AttentionCore multiHead(int heads, int headDim, Visibility visibility) {
    return new AttentionCore(
        heads, heads, headDim, (float) (1 / Math.sqrt(headDim)), 0, visibility);
  }

  /** Channels of all query heads. */
  public int width() {
    return heads * headDim;
  }

  /** Keys and values of a token. */
  public CacheShape cacheShape() {
    return new CacheShape(keyValueHeads, headDim);
  }

  /** Channels of all key heads. */
  public int keyValueWidth() {
    return keyValueHeads * headDim;
  }

  /**
   * The mixed values {@code [batch, tokens, heads * headDim]}, in one kernel without a matrix of
   * scores, for inference. With caches, {@code k} and {@code v} are stored in them first, as layer
   * {@code layer}, and the keys of a sequence are all that its cache holds.
   */
  Tensor fused(Ops ops, Tensor q, Tensor k, Tensor v, Sequences sequences, int layer) {
    return fused(
        ops,
        q,
        k,
        v,
        sequences,
        layer,
        (query, keys, values, past) ->
            ops.attention(query, keys, values, heads, keyValueHeads, rule(past), null, null));
  }

  /** The same with scores that are integer products. */
  Tensor fused(
      Ops ops, Tensor q, Tensor k, Tensor v, Sequences sequences, int layer, SmoothedScores codes) {
    return fused(
        ops,
        q,
        k,
        v,
        sequences,
        layer,
        (query, keys, values, past) ->
            ops.smoothedAttention(query, keys, values, heads, keyValueHeads, rule(past), codes));
  }

  private Tensor fused(
      Ops ops,
      Tensor q,
      Tensor k,
      Tensor v,
      Sequences sequences,
      int layer,
      OneSequence attention) {
    return isOneBatch(q, sequences)
        ? attention.attend(q, k, v, 0)
        : bySequence(ops, q, k, v, sequences, layer, attention);
  }

  /** How the kernel computes this for queries from position {@code past} on. */
  AttentionRule rule(int past) {
    float cap = softCap == 0 ? Float.POSITIVE_INFINITY : softCap;
    return new AttentionRule(scale, visibility.causal(), past, visibility.window(), cap);
  }

  /**
   * The same as {@link #fused} with operators that record gradients and with sites at the operands
   * and the probabilities.
   */
  Tensor observed(
      Ops ops, Tensor q, Tensor k, Tensor v, Sequences sequences, int layer, AttentionSites sites) {
    Tensor query = ops.mergeHeads(sites.query().apply(ops, ops.splitHeads(q, heads)));
    Tensor key =
        ops.mergeHeads(
            sites.key().apply(ops, sites.cachedKey().apply(ops, ops.splitHeads(k, keyValueHeads))));
    Tensor value =
        ops.mergeHeads(
            sites
                .value()
                .apply(ops, sites.cachedValue().apply(ops, ops.splitHeads(v, keyValueHeads))));
    if (isOneBatch(q, sequences)) {
      return attend(ops, query, key, value, sites.probabilities());
    }
    return bySequence(
        ops,
        query,
        key,
        value,
        sequences,
        layer,
        (a, b, c, past) -> attend(ops, a, b, c, sites.probabilities()));
  }

  static boolean isOneBatch(Tensor q, Sequences sequences) {
    return sequences.isUniform() && q.dim(0) == sequences.count();
  }

  private interface OneSequence {
    Tensor attend(Tensor q, Tensor k, Tensor v, int past);
  }

  private Tensor bySequence(
      Ops ops,
      Tensor q,
      Tensor k,
      Tensor v,
      Sequences sequences,
      int layer,
      OneSequence attention) {
    List<Tensor> parts = new ArrayList<>();
    for (int i = 0; i < sequences.count(); i++) {
      int from = sequences.start(i);
      int to = sequences.start(i + 1);
      KeyValueCache cache = sequences.cache(i);
      Tensor query = rows(ops, q, from, to);
      if (cache == null) {
        parts.add(attention.attend(query, rows(ops, k, from, to), rows(ops, v, from, to), 0));
      } else {
        FloatLayerCache held = (FloatLayerCache) cache.layer(layer);
        held.write(sequences.position(i), k, v, from, to - from);
        int total = sequences.total(i);
        parts.add(
            attention.attend(query, held.keys(total), held.values(total), sequences.position(i)));
      }
    }
    return parts.size() == 1 ? parts.getFirst() : ops.concat(1, parts.toArray(Tensor[]::new));
  }

  /** A copy where it may be recorded, otherwise a view. */
  static Tensor rows(Ops ops, Tensor x, int from, int to) {
    return ops.isRecording() ? ops.slice(x, 1, from, to) : x.slice(1, from, to);
  }

  /**
   * The query rows are the last ones of the sequence. Query heads that share a key head are rows of
   * one product.
   */
  private Tensor attend(Ops ops, Tensor q, Tensor k, Tensor v, Site probabilities) {
    int batch = q.dim(0);
    int rows = q.dim(1);
    int keys = k.dim(1);
    int shared = heads / keyValueHeads * rows;
    Tensor grouped =
        ops.reshape(
            ops.splitHeads(ops.scale(q, scale), heads), batch, keyValueHeads, shared, headDim);
    Tensor products = ops.matmulTransposed(grouped, ops.splitHeads(k, keyValueHeads));
    Tensor scores = ops.reshape(products, batch, heads, rows, keys);
    if (softCap > 0) {
      scores = ops.scale(ops.tanh(ops.scale(scores, 1 / softCap)), softCap);
    }
    Tensor mask = mask(rows, keys);
    Tensor masked = mask == null ? scores : ops.add(scores, mask);
    Tensor probs = probabilities.apply(ops, ops.softmax(masked));
    Tensor mixed =
        ops.matmul(
            ops.reshape(probs, batch, keyValueHeads, shared, keys),
            ops.splitHeads(v, keyValueHeads));
    return ops.mergeHeads(ops.reshape(mixed, batch, heads, rows, headDim));
  }

  /**
   * 0 where a key is seen, minus infinity where not, {@code [rows, keys]}; null if every key is
   * seen by every query.
   */
  private @Nullable Tensor mask(int rows, int keys) {
    if (visibility.seesAll(rows, keys)) {
      return null;
    }
    float[] mask = new float[Math.multiplyExact(rows, keys)];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < keys; j++) {
        mask[i * keys + j] = visibility.sees(keys - rows + i, j) ? 0 : Float.NEGATIVE_INFINITY;
      }
    }
    return Tensor.of(mask, rows, keys);
  }
}
