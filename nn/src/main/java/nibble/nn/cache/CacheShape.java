package nibble.nn.cache;

/**
 * Dimensions of the keys and values of one layer.
 *
 * @param heads heads of keys and values
 * @param headDim channels of a head
 */
public record CacheShape(int heads, int headDim) {
  /** Channels of a token. */
  public int width() {
    return Math.multiplyExact(heads, headDim);
  }
}
