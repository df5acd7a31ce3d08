package nibble.loaders.tokenizer.model;

import java.util.Arrays;

/** A queue of longs, smallest first. */
final class LongHeap {
  private long[] values;
  private int size;

  LongHeap(int capacity) {
    values = new long[Math.max(4, capacity)];
  }

  boolean isEmpty() {
    return size == 0;
  }

  void add(long value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, 2 * size);
    }
    int at = size++;
    for (int parent = at - 1 >> 1; at > 0 && values[parent] > value; parent = at - 1 >> 1) {
      values[at] = values[parent];
      at = parent;
    }
    values[at] = value;
  }

  long remove() {
    long smallest = values[0];
    long moved = values[--size];
    int at = 0;
    for (int child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && values[child + 1] < values[child]) {
        child++;
      }
      if (values[child] >= moved) {
        break;
      }
      values[at] = values[child];
      at = child;
    }
    values[at] = moved;
    return smallest;
  }
}
