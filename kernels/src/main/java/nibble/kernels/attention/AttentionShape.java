package nibble.kernels.attention;

/**
 * The dimensions of an attention.
 *
 * @param batch sequences
 * @param queries rows of q in each sequence
 * @param keys rows of k and v in each sequence
 * @param heads heads of q and of the result
 * @param kvHeads heads of k and v; query head {@code h} reads {@code h / (heads / kvHeads)}
 *     (Ainslie et al., grouped-query attention, <a
 *     href="https://arxiv.org/abs/2305.13245">arXiv:2305.13245</a>)
 * @param headDim elements of a head
 */
public record AttentionShape(
    int batch, int queries, int keys, int heads, int kvHeads, int headDim) {
  public AttentionShape {
    if (batch < 0 || queries < 0 || keys < 0) {
      throw new IllegalArgumentException(
          "attention needs batch, queries and keys of at least 0, got %d, %d and %d"
              .formatted(batch, queries, keys));
    }
    if (heads < 1 || kvHeads < 1 || headDim < 1 || heads % kvHeads != 0) {
      throw new IllegalArgumentException(
          "attention needs heads that are a multiple of kvHeads, and a headDim of at least 1; got %d, %d and %d"
              .formatted(heads, kvHeads, headDim));
    }
    Math.multiplyExact(queries, heads);
  }

  /** Query heads that read one head of k and v. */
  public int group() {
    return heads / kvHeads;
  }

  /** Multiply-adds of both products over all keys. */
  public long multiplyAdds() {
    return 2L * batch * queries * heads * keys * headDim;
  }
}
