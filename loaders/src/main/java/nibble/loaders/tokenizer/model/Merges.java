package nibble.loaders.tokenizer.model;

import java.util.stream.IntStream;
import nibble.loaders.tokenizer.core.LongIntMap;

/**
 * The merges of a BPE model: which pair of tokens becomes which token, and which merge comes first.
 */
public final class Merges {
  private final LongIntMap indices;
  private final int[] ranks;
  private final int[] results;

  /**
   * Merge {@code i} makes {@code results[i]} of {@code lefts[i]} and {@code rights[i]}; a later one
   * of the same pair replaces the earlier.
   */
  Merges(int[] lefts, int[] rights, int[] results) {
    this(lefts, rights, results, IntStream.range(0, results.length).toArray());
  }

  /**
   * Merge {@code i} makes {@code results[i]} of {@code lefts[i]} and {@code rights[i]}; lower
   * {@code ranks[i]} come first.
   */
  public Merges(int[] lefts, int[] rights, int[] results, int[] ranks) {
    indices = new LongIntMap(results.length);
    this.results = results.clone();
    this.ranks = ranks.clone();
    for (int i = 0; i < results.length; i++) {
      indices.put((long) lefts[i] << 32 | rights[i], i);
    }
  }

  /** The merge of two neighbours; -1 if they do not merge. */
  int find(int left, int right) {
    return indices.get((long) left << 32 | right);
  }

  /** The rank of {@code merge}. */
  int rank(int merge) {
    return ranks[merge];
  }

  /** What {@code merge} makes. */
  int result(int merge) {
    return results[merge];
  }
}
