package nibble.loaders.tokenizer.core;

import java.util.Arrays;

/** Strings with a value each, walked unit by unit. Immutable once it is filled. */
public final class CharTrie {
  /** The node that every walk begins at. */
  public static final int ROOT = 0;

  private final LongIntMap children;
  private int[] values = new int[64];
  private int nodes = 1;

  /** An empty trie with room for about {@code expected} strings. */
  public CharTrie(int expected) {
    children = new LongIntMap(2 * expected);
    Arrays.fill(values, -1);
  }

  /** Gives {@code key} the value {@code value}, at least 0; a second value replaces the first. */
  public void put(CharSequence key, int value) {
    int node = ROOT;
    for (int i = 0; i < key.length(); i++) {
      int next = child(node, key.charAt(i));
      if (next < 0) {
        next = nodes++;
        children.put((long) node << 16 | key.charAt(i), next);
        if (next == values.length) {
          values = Arrays.copyOf(values, 2 * next);
          Arrays.fill(values, next, values.length, -1);
        }
      }
      node = next;
    }
    values[node] = value;
  }

  /** The node below {@code node} along {@code c}; -1 if there is none. */
  public int child(int node, char c) {
    return children.get((long) node << 16 | c);
  }

  /** The value of the string that ends in {@code node}; -1 if none does. */
  public int value(int node) {
    return values[node];
  }

  /** The node that {@code key} leads to from the root; -1 if no string begins with it. */
  public int walk(CharSequence key) {
    int node = ROOT;
    for (int i = 0; i < key.length() && node >= 0; i++) {
      node = child(node, key.charAt(i));
    }
    return node;
  }
}
