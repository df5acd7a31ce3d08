package nibble.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import nibble.nn.Site;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code softmax(scale Q K^T) V} for every sequence of a batch, where several query heads may share a key head. Queries, keys and values
 * are {@code [batch, heads, tokens, headDim]} with the rows of {@link Sequences}.
 *
 * @param heads query heads, a multiple of {@code keyValueHeads}
 * @param keyValueHeads key and value heads
 * @param headDim channels of a head
 * @param scale factor of the products, usually {@code 1 / sqrt(headDim)}
 * @param softCap {@code cap * tanh(score / cap)} on scores; 0 for none (Gemma 2)
 * @param visibility which keys a query sees
 */
public record AttentionCore(int heads, int keyValueHeads, int headDim, float scale, float softCap, Visibility visibility) {
  public AttentionCore {
    positive("num_attention_heads", heads);
    positive("num_key_value_heads", keyValueHeads);
    positive("head_dim", headDim);
    if (heads % keyValueHeads != 0) {
      throw new IllegalArgumentException("num_attention_heads " + heads + " is not a multiple of num_key_value_heads " + keyValueHeads);
    }
    if (!(softCap >= 0)) {
      throw new IllegalArgumentException("attn_logit_softcapping must not be negative, was " + softCap);
    }
  }

  private static void positive(String key, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(key + " must be positive, was " + value);
    }
  }

  /** As many key heads as query heads, the usual scale, no cap. */
  public static AttentionCore multiHead(int heads, int headDim, Visibility visibility) {
    return new AttentionCore(heads, heads, headDim, (float) (1 / Math.sqrt(headDim)), 0, visibility);
  }

  /** Channels of all query heads. */
  public int width() {
    return heads * headDim;
  }

  /** Channels of all key heads. */
  public int keyValueWidth() {
    return keyValueHeads * headDim;
  }

  /**
   * The mixed values {@code [batch, heads, tokens, headDim]}. With caches, {@code k} and {@code v} are stored in them first, as layer {@code
   * layer}, and the keys of a sequence are all that its cache holds.
   */
  Tensor apply(Ops ops, Tensor q, Tensor k, Tensor v, Sequences sequences, int layer, Site probabilities) {
    if (sequences.isUniform() && q.dim(0) == sequences.count()) {
      return attend(ops, q, k, v, probabilities);
    }
    List<Tensor> parts = new ArrayList<>();
    for (int i = 0; i < sequences.count(); i++) {
      int from = sequences.start(i);
      int to = sequences.start(i + 1);
      KeyValueCache cache = sequences.cache(i);
      Tensor query = ops.slice(q, 2, from, to);
      if (cache == null) {
        parts.add(attend(ops, query, ops.slice(k, 2, from, to), ops.slice(v, 2, from, to), probabilities));
      } else {
        cache.write(layer, k, v, from, to - from);
        int total = sequences.total(i);
        parts.add(attend(ops, query, cached(ops, cache.keys(layer), total), cached(ops, cache.values(layer), total), probabilities));
      }
    }
    return parts.size() == 1 ? parts.getFirst() : ops.concat(2, parts.toArray(Tensor[]::new));
  }

  /** The first {@code tokens} rows of a layer's cache as {@code [1, heads, tokens, headDim]}. */
  private Tensor cached(Ops ops, float[] rows, int tokens) {
    Tensor all = Tensor.of(rows, rows.length / keyValueWidth(), keyValueWidth());
    return ops.splitHeads(all.slice(0, 0, tokens).view(1, tokens, keyValueWidth()), keyValueHeads);
  }

  /** The query rows are the last ones of the sequence. Query heads that share a key head are rows of one product. */
  private Tensor attend(Ops ops, Tensor q, Tensor k, Tensor v, Site probabilities) {
    int batch = q.dim(0);
    int rows = q.dim(2);
    int keys = k.dim(2);
    int shared = heads / keyValueHeads * rows;
    Tensor grouped = ops.reshape(ops.scale(q, scale), batch, keyValueHeads, shared, headDim);
    Tensor scores = ops.reshape(ops.matmulTransposed(grouped, k), batch, heads, rows, keys);
    if (softCap > 0) {
      scores = ops.scale(ops.tanh(ops.scale(scores, 1 / softCap)), softCap);
    }
    Tensor mask = mask(rows, keys);
    Tensor masked = mask == null ? scores : ops.add(scores, mask);
    Tensor probs = probabilities.apply(ops, ops.softmax(masked));
    Tensor mixed = ops.matmul(ops.reshape(probs, batch, keyValueHeads, shared, keys), v);
    return ops.reshape(mixed, batch, heads, rows, headDim);
  }

  /** 0 where a key is seen, minus infinity where not, {@code [rows, keys]}; null if every key is seen by every query. */
  private @Nullable Tensor mask(int rows, int keys) {
    if (visibility.seesAll(keys) || (rows == 1 && visibility.back() >= keys - 1)) {
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
