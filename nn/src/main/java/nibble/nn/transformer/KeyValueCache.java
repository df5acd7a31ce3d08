package nibble.nn.transformer;

import java.util.Arrays;
import nibble.tensor.Tensor;

/**
 * Keys and values of the tokens of one sequence, for all layers of a model, with the tokens themselves. Grows by chunks of {@value #CHUNK}
 * tokens. For each token a layer holds {@code keyValueHeads * headDim} floats of keys, as many of values.
 *
 * <p>{@link #fork} starts a second sequence with the same tokens without computing them again; the memory is shared until one of the two
 * grows. {@link #rewind} goes back to a prefix. Not thread-safe; sequences that share memory may be used by different threads.
 */
public final class KeyValueCache {
  private static final int CHUNK = 128;

  private final int width;
  private final float[][] keys;
  private final float[][] values;
  private int[] tokens;
  private int length;
  private boolean shared;

  /**
   * An empty cache.
   *
   * @param layers number of blocks
   * @param width key channels of one token in one layer, {@code keyValueHeads * headDim}; the values have as many
   */
  public KeyValueCache(int layers, int width) {
    this(width, new float[layers][0], new float[layers][0], new int[0], 0);
  }

  private KeyValueCache(int width, float[][] keys, float[][] values, int[] tokens, int length) {
    this.width = width;
    this.keys = keys;
    this.values = values;
    this.tokens = tokens;
    this.length = length;
  }

  /** Number of tokens whose keys and values are here. */
  public int length() {
    return length;
  }

  /** These tokens. */
  public int[] tokens() {
    return Arrays.copyOf(tokens, length);
  }

  /** How many of {@code ids}, from the first on, are the tokens of this cache: as many need not be computed. */
  public int commonPrefix(int[] ids) {
    int mismatch = Arrays.mismatch(tokens, 0, length, ids, 0, ids.length);
    return mismatch < 0 ? length : mismatch;
  }

  /** Bytes of keys and values, room for growth included; memory that is shared counts for every cache. */
  public long bytes() {
    long floats = 0;
    for (int layer = 0; layer < keys.length; layer++) {
      floats += keys[layer].length + values[layer].length;
    }
    return 4 * floats;
  }

  /** Another sequence that begins with the tokens of this one. */
  public KeyValueCache fork() {
    KeyValueCache copy = new KeyValueCache(width, keys.clone(), values.clone(), tokens, length);
    copy.shared = true;
    shared = true;
    return copy;
  }

  /** Keeps the first {@code tokens} tokens and forgets the others. */
  public void rewind(int tokens) {
    if (tokens < 0 || tokens > length) {
      throw new IllegalArgumentException("cannot rewind a cache of %d tokens to %d".formatted(length, tokens));
    }
    length = tokens;
  }

  /** Makes room for {@code count} tokens more, in every layer. To be called before a forward pass. */
  void reserve(int count) {
    int needed = Math.addExact(length, count);
    boolean grow = tokens.length < needed;
    if (!grow && !shared) {
      return;
    }
    int capacity = Math.ceilDiv(Math.max(needed, grow ? length + length / 2 : needed), CHUNK) * CHUNK;
    int floats = Math.multiplyExact(capacity, width);
    for (int layer = 0; layer < keys.length; layer++) {
      keys[layer] = copy(keys[layer], floats);
      values[layer] = copy(values[layer], floats);
    }
    tokens = Arrays.copyOf(tokens, capacity);
    shared = false;
  }

  private float[] copy(float[] from, int floats) {
    float[] to = new float[floats];
    System.arraycopy(from, 0, to, 0, length * width);
    return to;
  }

  /** Stores keys and values {@code [1, rows, width]} of {@code count} rows from {@code row} on. */
  void write(int layer, Tensor k, Tensor v, int row, int count) {
    copyRows(k, row, count, keys[layer]);
    copyRows(v, row, count, values[layer]);
  }

  private void copyRows(Tensor x, int row, int count, float[] to) {
    Tensor rows = x.toF32();
    System.arraycopy(rows.array(), rows.offset() + row * width, to, length * width, count * width);
  }

  /** The first {@code tokens} keys of a layer, {@code [1, tokens, width]}: a view. */
  Tensor keys(int layer, int tokens) {
    return view(keys[layer], tokens);
  }

  /** The first {@code tokens} values of a layer, {@code [1, tokens, width]}: a view. */
  Tensor values(int layer, int tokens) {
    return view(values[layer], tokens);
  }

  private Tensor view(float[] rows, int tokens) {
    return Tensor.of(rows, 1, rows.length / width, width).slice(1, 0, tokens);
  }

  /** Counts {@code ids} in, after all layers have stored them. */
  void commit(int[] ids) {
    System.arraycopy(ids, 0, tokens, length, ids.length);
    length += ids.length;
  }
}
