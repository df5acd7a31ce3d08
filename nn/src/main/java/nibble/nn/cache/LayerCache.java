package nibble.nn.cache;

/** Memory for the keys and values of one layer and one sequence. Not thread-safe. */
public sealed interface LayerCache permits FloatLayerCache, PackedLayerCache {
  /** Bytes, room for growth included. */
  long bytes();

  /** Bytes that the first {@code tokens} tokens need. */
  long bytes(int tokens);

  /**
   * A cache of its own with the first {@code length} tokens of this one and room for {@code
   * capacity}.
   */
  LayerCache copy(int capacity, int length);
}
