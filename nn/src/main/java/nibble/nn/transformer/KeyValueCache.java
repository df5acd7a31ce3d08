package nibble.nn.transformer;

import java.util.Arrays;
import java.util.List;
import nibble.nn.cache.LayerCache;

/**
 * Keys and values of the tokens of one sequence, for all layers of a model, with the tokens
 * themselves. Grows by chunks of {@value #CHUNK} tokens. What a token costs says the {@link
 * LayerCache} of each layer.
 *
 * <p>{@link #fork} starts a second sequence with the same tokens without computing them again; the
 * memory is shared until one of the two grows. {@link #rewind} goes back to a prefix. Not
 * thread-safe; sequences that share memory may be used by different threads.
 */
public final class KeyValueCache {
  private static final int CHUNK = 128;

  private final LayerCache[] layers;
  private int[] tokens;
  private int length;
  private boolean shared;

  /**
   * An empty cache.
   *
   * @param layers empty ones, one for each block
   */
  public KeyValueCache(List<LayerCache> layers) {
    this(layers.toArray(LayerCache[]::new), new int[0], 0);
  }

  private KeyValueCache(LayerCache[] layers, int[] tokens, int length) {
    this.layers = layers;
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

  /**
   * How many of {@code ids}, from the first on, are the tokens of this cache: as many need not be
   * computed.
   */
  public int commonPrefix(int[] ids) {
    int mismatch = Arrays.mismatch(tokens, 0, length, ids, 0, ids.length);
    return mismatch < 0 ? length : mismatch;
  }

  /**
   * Bytes of keys and values, room for growth included; memory that is shared counts for every
   * cache.
   */
  public long bytes() {
    return Arrays.stream(layers).mapToLong(LayerCache::bytes).sum();
  }

  /** Bytes that keys and values of {@code tokens} tokens need, without room for growth. */
  public long bytes(int tokens) {
    return Arrays.stream(layers).mapToLong(layer -> layer.bytes(tokens)).sum();
  }

  /** Another sequence that begins with the tokens of this one. */
  public KeyValueCache fork() {
    KeyValueCache copy = new KeyValueCache(layers.clone(), tokens, length);
    copy.shared = true;
    shared = true;
    return copy;
  }

  /** Keeps the first {@code tokens} tokens and forgets the others. */
  public void rewind(int tokens) {
    if (tokens < 0 || tokens > length) {
      throw new IllegalArgumentException(
          "cannot rewind a cache of %d tokens to %d".formatted(length, tokens));
    }
    length = tokens;
  }

  /**
   * Makes room for {@code count} tokens more, in every layer. To be called before a forward pass.
   */
  void reserve(int count) {
    int needed = Math.addExact(length, count);
    boolean grow = tokens.length < needed;
    if (!grow && !shared) {
      return;
    }
    int capacity =
        Math.ceilDiv(Math.max(needed, grow ? length + length / 2 : needed), CHUNK) * CHUNK;
    for (int layer = 0; layer < layers.length; layer++) {
      layers[layer] = layers[layer].copy(capacity, length);
    }
    tokens = Arrays.copyOf(tokens, capacity);
    shared = false;
  }

  /** The keys and values of a layer. */
  LayerCache layer(int layer) {
    return layers[layer];
  }

  /** Counts {@code ids} in, after all layers have stored them. */
  void commit(int[] ids) {
    System.arraycopy(ids, 0, tokens, length, ids.length);
    length += ids.length;
  }
}
