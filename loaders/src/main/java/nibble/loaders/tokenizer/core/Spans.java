package nibble.loaders.tokenizer.core;

import java.util.Arrays;

/**
 * Ranges that a text was cut into, in order, each with a mark: whether it matched a pattern, or
 * whether it is to be dropped.
 */
public final class Spans {
  private int[] from = new int[16];
  private int[] to = new int[16];
  private boolean[] marked = new boolean[16];
  private int size;

  /** Adds {@code [start, end)}. */
  public void add(int start, int end, boolean mark) {
    if (size == from.length) {
      from = Arrays.copyOf(from, 2 * size);
      to = Arrays.copyOf(to, 2 * size);
      marked = Arrays.copyOf(marked, 2 * size);
    }
    from[size] = start;
    to[size] = end;
    marked[size++] = mark;
  }

  /** Number of ranges. */
  public int size() {
    return size;
  }

  /** First unit of range {@code i}. */
  public int from(int i) {
    return from[i];
  }

  /** One past the last unit of range {@code i}. */
  public int to(int i) {
    return to[i];
  }

  /** The mark of range {@code i}. */
  public boolean isMarked(int i) {
    return marked[i];
  }

  /** Lengthens the last range to {@code end}. */
  void extendLast(int end) {
    to[size - 1] = end;
  }
}
