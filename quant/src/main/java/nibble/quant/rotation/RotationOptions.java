package nibble.quant.rotation;

/**
 * Which rotations are applied.
 *
 * @param residual R1: the residual stream, folded into all weights around it
 * @param values R2: what attention passes on, per head in the value weights, and across heads where
 *     the number of heads allows it
 * @param feedForward R4: the input of the second feed-forward layer, at run time by a fast Hadamard
 *     transform
 * @param keys R3: queries and keys of each head after rotary positions, both at run time; only of
 *     use where keys are stored as codes
 * @param stream which matrix rotates the residual stream
 * @param seed of the random signs (or of the random matrix)
 */
public record RotationOptions(
    boolean residual, boolean values, boolean feedForward, boolean keys, Stream stream, long seed) {
  /** Source of the matrix of the residual stream. */
  public enum Stream {
    /** Random signs, then Hadamard. The width must be a Hadamard size. */
    HADAMARD,
    /** Uniformly distributed orthogonal matrix; any width. */
    RANDOM
  }

  /** Everything on but the keys, randomised Hadamard, seed 0. */
  public static final RotationOptions DEFAULTS =
      new RotationOptions(true, true, true, false, Stream.HADAMARD, 0);

  public RotationOptions withSeed(long value) {
    return new RotationOptions(residual, values, feedForward, keys, stream, value);
  }
}
