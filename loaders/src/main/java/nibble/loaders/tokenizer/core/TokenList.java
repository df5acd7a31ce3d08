package nibble.loaders.tokenizer.core;

import java.util.Arrays;

/** Token ids with the range of the caller's text that each stands for; grows at the end. */
public final class TokenList {
  private int[] ids;
  private int[] starts;
  private int[] ends;
  private int size;

  /** An empty list. */
  public TokenList() {
    this(16);
  }

  /** An empty list with room for {@code capacity} tokens. */
  public TokenList(int capacity) {
    ids = new int[capacity];
    starts = new int[capacity];
    ends = new int[capacity];
  }

  /** Adds one token. */
  public void add(int id, int start, int end) {
    if (size == ids.length) {
      int capacity = Math.max(16, 2 * size);
      ids = Arrays.copyOf(ids, capacity);
      starts = Arrays.copyOf(starts, capacity);
      ends = Arrays.copyOf(ends, capacity);
    }
    ids[size] = id;
    starts[size] = start;
    ends[size++] = end;
  }

  /** Number of tokens. */
  public int size() {
    return size;
  }

  /** Id of token {@code i}. */
  public int id(int i) {
    return ids[i];
  }

  /** First UTF-16 unit of token {@code i}. */
  public int start(int i) {
    return starts[i];
  }

  /** One past the last UTF-16 unit of token {@code i}. */
  public int end(int i) {
    return ends[i];
  }

  /** Tokens {@code [from, to)} as a list of its own. */
  public TokenList slice(int from, int to) {
    TokenList part = new TokenList(to - from);
    for (int i = from; i < to; i++) {
      part.add(ids[i], starts[i], ends[i]);
    }
    return part;
  }
}
