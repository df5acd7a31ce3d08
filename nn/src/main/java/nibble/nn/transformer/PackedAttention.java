package nibble.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import nibble.kernels.attention.RopeTable;
import nibble.nn.Site;
import nibble.nn.cache.CacheFormat;
import nibble.nn.cache.PackedLayerCache;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Attention that reads keys and values as a cache of codes gives them. A sequence without a cache
 * gets one for the pass, so that a text that is read at once has the same result as one that is
 * continued token by token. Functions in the sites of queries, keys and values run before keys and
 * values are stored.
 */
record PackedAttention(
    AttentionCore core,
    CacheFormat format,
    @Nullable RotaryEmbedding rotary,
    AttentionSites sites) {
  /**
   * Queries with positions applied; keys as the format stores them.
   *
   * @throws IllegalStateException if gradients are recorded, or a site has a function that would
   *     need a matrix of probabilities or keys after their positions
   */
  Tensor attend(Ops ops, Tensor q, Tensor k, Tensor v, Sequences sequences, int layer) {
    if (ops.isRecording() && (q.requiresGrad() || k.requiresGrad() || v.requiresGrad())) {
      throw new IllegalStateException(
          "a cache of codes has no derivative; train before the cache is quantized, or switch to"
              + " noGrad()");
    }
    checkSites();
    Tensor query = through(ops, core.heads(), q, sites.query());
    Tensor key = through(ops, core.keyValueHeads(), k, sites.cachedKey(), sites.key());
    Tensor value = through(ops, core.keyValueHeads(), v, sites.cachedValue(), sites.value());
    boolean oneBatch = AttentionCore.isOneBatch(q, sequences);
    Tensor mixed =
        bySequence(
            ops,
            oneBatch ? flat(ops, query) : query,
            oneBatch ? flat(ops, key) : key,
            oneBatch ? flat(ops, value) : value,
            sequences,
            layer);
    return ops.reshape(mixed, q.shape().dims());
  }

  private static Tensor flat(Ops ops, Tensor x) {
    return ops.reshape(x, 1, x.dim(0) * x.dim(1), x.dim(2));
  }

  private void checkSites() {
    Site probabilities = sites.probabilities();
    if (!probabilities.isIdentity()) {
      throw new IllegalStateException(
          "site '"
              + probabilities
              + "' has functions, and attention over a cache of codes makes no matrix of"
              + " probabilities; leave probabilities in float, or the cache");
    }
    for (Site site : List.of(sites.cachedKey(), sites.key())) {
      if (format.beforePositions() && !site.isIdentity()) {
        throw new IllegalStateException(
            "site '"
                + site
                + "' has functions for keys after their positions, and this cache stores keys"
                + " before; choose another cache");
      }
    }
  }

  private static Tensor through(Ops ops, int heads, Tensor x, Site... places) {
    boolean identity = true;
    for (Site site : places) {
      identity &= site.isIdentity();
    }
    if (identity) {
      return x;
    }
    Tensor byHead = ops.splitHeads(x, heads);
    for (Site site : places) {
      byHead = site.apply(ops, byHead);
    }
    return ops.mergeHeads(byHead);
  }

  private Tensor bySequence(Ops ops, Tensor q, Tensor k, Tensor v, Sequences sequences, int layer) {
    List<Tensor> parts = new ArrayList<>();
    for (int i = 0; i < sequences.count(); i++) {
      int from = sequences.start(i);
      int to = sequences.start(i + 1);
      KeyValueCache cache = sequences.cache(i);
      PackedLayerCache held =
          cache == null
              ? new PackedLayerCache(format, core.cacheShape(), to - from)
              : (PackedLayerCache) cache.layer(layer);
      RopeTable table = rotary == null ? null : rotary.table(sequences.total(i));
      parts.add(
          held.attend(
              ops,
              AttentionCore.rows(ops, q, from, to),
              AttentionCore.rows(ops, k, from, to),
              AttentionCore.rows(ops, v, from, to),
              core.heads(),
              core.rule(sequences.position(i)),
              table));
    }
    return parts.size() == 1 ? parts.getFirst() : ops.concat(1, parts.toArray(Tensor[]::new));
  }
}
