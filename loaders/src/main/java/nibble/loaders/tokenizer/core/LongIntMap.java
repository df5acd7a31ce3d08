package nibble.loaders.tokenizer.core;

import java.util.Arrays;

/**
 * A map from non-negative longs to non-negative ints, open addressing; {@code -1} stands for
 * absence.
 */
public final class LongIntMap {
  private long[] keys;
  private int[] values;
  private int size;

  /** An empty map with room for {@code expected} entries. */
  public LongIntMap(int expected) {
    int capacity = Integer.highestOneBit(Math.max(8, expected)) * 4;
    keys = new long[capacity];
    values = new int[capacity];
    Arrays.fill(keys, -1);
  }

  /** The value of {@code key}; -1 if there is none. */
  public int get(long key) {
    int mask = keys.length - 1;
    for (int i = slot(key, mask); ; i = i + 1 & mask) {
      if (keys[i] == key) {
        return values[i];
      }
      if (keys[i] == -1) {
        return -1;
      }
    }
  }

  /** Sets the value of {@code key}. */
  public void put(long key, int value) {
    if (2L * size >= keys.length) {
      grow();
    }
    int mask = keys.length - 1;
    int i = slot(key, mask);
    while (keys[i] != -1 && keys[i] != key) {
      i = i + 1 & mask;
    }
    if (keys[i] == -1) {
      size++;
    }
    keys[i] = key;
    values[i] = value;
  }

  /** Number of entries. */
  public int size() {
    return size;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldValues = values;
    keys = new long[2 * oldKeys.length];
    values = new int[keys.length];
    Arrays.fill(keys, -1);
    size = 0;
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != -1) {
        put(oldKeys[i], oldValues[i]);
      }
    }
  }

  /**
   * Mixes all bits, so that keys of a file that was made to collide in one mask do not collide in
   * all.
   */
  private static int slot(long key, int mask) {
    long h = key * 0x9E3779B97F4A7C15L;
    h ^= h >>> 32;
    h *= 0xD6E8FEB86659FD93L;
    return (int) (h >>> 32) & mask;
  }
}
