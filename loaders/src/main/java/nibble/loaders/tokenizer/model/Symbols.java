package nibble.loaders.tokenizer.model;

import java.util.Arrays;

/**
 * The tokens of one piece while BPE merges neighbours: always the merge of the lowest rank, the
 * leftmost of equal ones. Short pieces are searched pair by pair, long ones kept in a queue, so
 * that the time is n log n.
 */
public final class Symbols {
  private static final int SHORT = 24;

  private int[] ids;
  private int[] lengths;
  private int size;

  /** No tokens yet. */
  public Symbols(int capacity) {
    ids = new int[capacity];
    lengths = new int[capacity];
  }

  /** Adds a token that stands for {@code length} UTF-16 units. */
  public void add(int id, int length) {
    if (size == ids.length) {
      ids = Arrays.copyOf(ids, Math.max(8, 2 * size));
      lengths = Arrays.copyOf(lengths, ids.length);
    }
    ids[size] = id;
    lengths[size++] = length;
  }

  /** Number of tokens. */
  public int size() {
    return size;
  }

  /** Id of token {@code i}. */
  public int id(int i) {
    return ids[i];
  }

  /** Number of UTF-16 units that token {@code i} stands for. */
  public int length(int i) {
    return lengths[i];
  }

  /** Merges until no neighbours merge. */
  public void merge(Merges merges) {
    if (size <= SHORT) {
      mergeBySearch(merges);
    } else {
      mergeByQueue(merges);
    }
  }

  void mergeBySearch(Merges merges) {
    int[] found = new int[size];
    for (int i = 0; i + 1 < size; i++) {
      found[i] = merges.find(ids[i], ids[i + 1]);
    }
    while (true) {
      int best = lowestRank(found, merges);
      if (best < 0) {
        return;
      }
      ids[best] = merges.result(found[best]);
      lengths[best] += lengths[best + 1];
      size--;
      System.arraycopy(ids, best + 2, ids, best + 1, size - best - 1);
      System.arraycopy(lengths, best + 2, lengths, best + 1, size - best - 1);
      System.arraycopy(found, best + 1, found, best, size - best);
      if (best > 0) {
        found[best - 1] = merges.find(ids[best - 1], ids[best]);
      }
      if (best + 1 < size) {
        found[best] = merges.find(ids[best], ids[best + 1]);
      }
    }
  }

  /** The leftmost place with the merge of the lowest rank; -1 if there is no merge. */
  private int lowestRank(int[] found, Merges merges) {
    int best = -1;
    int bestRank = Integer.MAX_VALUE;
    for (int i = 0; i + 1 < size; i++) {
      if (found[i] >= 0 && merges.rank(found[i]) < bestRank) {
        best = i;
        bestRank = merges.rank(found[i]);
      }
    }
    return best;
  }

  void mergeByQueue(Merges merges) {
    int[] previous = new int[size];
    int[] next = new int[size];
    LongHeap queue = new LongHeap(size);
    for (int i = 0; i < size; i++) {
      previous[i] = i - 1;
      next[i] = i + 1;
      offer(queue, merges, i, i + 1);
    }
    while (!queue.isEmpty()) {
      long top = queue.remove();
      int at = (int) top;
      int right = next[at];
      int merge = ids[at] < 0 || right >= size ? -1 : merges.find(ids[at], ids[right]);
      if (merge < 0 || merges.rank(merge) != (int) (top >>> 32)) {
        continue; // one of the two was merged meanwhile
      }
      ids[at] = merges.result(merge);
      lengths[at] += lengths[right];
      ids[right] = -1;
      next[at] = next[right];
      if (next[at] < size) {
        previous[next[at]] = at;
      }
      offer(queue, merges, previous[at], at);
      offer(queue, merges, at, next[at]);
    }
    dropMerged();
  }

  private void offer(LongHeap queue, Merges merges, int left, int right) {
    int merge = left >= 0 && right < size ? merges.find(ids[left], ids[right]) : -1;
    if (merge >= 0) {
      queue.add((long) merges.rank(merge) << 32 | left);
    }
  }

  private void dropMerged() {
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (ids[i] >= 0) {
        ids[kept] = ids[i];
        lengths[kept++] = lengths[i];
      }
    }
    size = kept;
  }
}
