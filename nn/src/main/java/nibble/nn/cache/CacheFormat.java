package nibble.nn.cache;

import java.util.Optional;
import nibble.kernels.hadamard.HadamardTransform;

/**
 * How the keys and values of a layer are kept as codes. Every query, also that of the token itself,
 * reads what later ones will read: codes, but for the sink tokens at the beginning of a sequence
 * and the newest ones. So the result does not depend on how a text was cut into passes.
 *
 * @param keys how keys become codes
 * @param values how values become codes
 * @param sinks first tokens of a sequence that stay in float; much attention goes to them (Xiao et
 *     al., <a href="https://arxiv.org/abs/2309.17453">arXiv:2309.17453</a>)
 * @param window tokens of a block: a query reads the tokens of its own block, those from the last
 *     multiple of {@code window} on, in float; 0 for none. After a sequence went back to a prefix,
 *     tokens of an earlier block are read from their codes
 * @param beforePositions whether keys are stored before they are turned to their positions, and
 *     turned when they are read
 * @param rotation of keys that are stored before positions, undone when they are read
 * @param turned whether queries, keys and values are turned by a Hadamard matrix of the size of a
 *     head: queries and keys after positions, if keys are stored so (R3 of QuaRot, <a
 *     href="https://arxiv.org/abs/2404.00456">arXiv:2404.00456</a>), values always; the result is
 *     turned back
 */
public record CacheFormat(
    RowCodec keys,
    RowCodec values,
    int sinks,
    int window,
    boolean beforePositions,
    Optional<KeyRotation> rotation,
    boolean turned) {
  private static final int MOST = 1 << 16;

  public CacheFormat {
    if (sinks < 0 || sinks > MOST || window < 0 || window > MOST) {
      throw new IllegalArgumentException(
          "sinks and window of a cache are 0 to %d tokens, found %d and %d"
              .formatted(MOST, sinks, window));
    }
    if (rotation.isPresent() && !beforePositions) {
      throw new IllegalArgumentException(
          "heads can only be turned together before positions; a cache after positions turns each"
              + " head");
    }
  }

  /** Uniform codes per token in groups, nothing else. */
  public static CacheFormat ofBits(int bits, int group) {
    TokenGroups codec = new TokenGroups(bits, group, 1);
    return new CacheFormat(codec, codec, 0, 0, false, Optional.empty(), false);
  }

  public CacheFormat withSinks(int tokens) {
    return new CacheFormat(keys, values, tokens, window, beforePositions, rotation, turned);
  }

  public CacheFormat withWindow(int tokens) {
    return new CacheFormat(keys, values, sinks, tokens, beforePositions, rotation, turned);
  }

  public CacheFormat withTurned(boolean value) {
    return new CacheFormat(keys, values, sinks, window, beforePositions, rotation, value);
  }

  /** Heads of keys that can only be read together. */
  public int headsTogether() {
    return rotation.map(KeyRotation::heads).orElse(1);
  }

  /**
   * Checks that it fits a layer.
   *
   * @throws IllegalArgumentException if it does not; the message says what would
   */
  public void check(CacheShape shape) {
    if (shape.heads() % headsTogether() != 0) {
      throw new IllegalArgumentException(
          "%d heads are turned together, which does not divide the %d heads of keys"
              .formatted(headsTogether(), shape.heads()));
    }
    rotation.ifPresent(
        r -> {
          if (r.order().length != shape.width()) {
            throw new IllegalArgumentException(
                "the cache has an order of %d channels, the layer has %d"
                    .formatted(r.order().length, shape.width()));
          }
        });
    keys.check(shape.width(), headsTogether() * shape.headDim());
    values.check(shape.width(), shape.headDim());
    if (turned && !HadamardTransform.isSupported(shape.headDim())) {
      throw new IllegalArgumentException(
          "there is no Hadamard matrix for heads of %d channels; leave them as they are"
              .formatted(shape.headDim()));
    }
  }

  /**
   * Bits that a token costs for each of its channels, the mean of keys and values, without sinks
   * and window.
   */
  public double bitsPerChannel(CacheShape shape) {
    long bytes =
        new CodeRows(keys, shape.width(), 0).bytes(1)
            + new CodeRows(values, shape.width(), 0).bytes(1);
    return 8.0 * bytes / (2 * shape.width());
  }

  /** In words. */
  public String format() {
    String kind =
        keys.format().equals(values.format())
            ? keys.format()
            : "keys " + keys.format() + ", values " + values.format();
    return kind
        + (beforePositions ? ", keys before positions" : "")
        + (rotation.isPresent() || turned ? ", turned" : "")
        + (sinks > 0 ? ", " + sinks + " sinks" : "")
        + (window > 0 ? ", window " + window : "");
  }
}
