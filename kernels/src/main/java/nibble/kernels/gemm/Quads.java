package nibble.kernels.gemm;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The steps of a transposition of four by four floats. In 128 bits at every width: each row of the
 * result is then one store, and permutes within 128 bits are the cheapest. Tiny methods, which are
 * always inlined.
 */
final class Quads {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_128;
  static final int SIZE = 4;

  // A negative index counts from the end of the second vector.
  private static final VectorShuffle<Float> LOW_PAIRS =
      VectorShuffle.fromValues(SPECIES, 0, -4, 1, -3);
  private static final VectorShuffle<Float> HIGH_PAIRS =
      VectorShuffle.fromValues(SPECIES, 2, -2, 3, -1);
  private static final VectorShuffle<Float> LOW_HALVES =
      VectorShuffle.fromValues(SPECIES, 0, 1, -4, -3);
  private static final VectorShuffle<Float> HIGH_HALVES =
      VectorShuffle.fromValues(SPECIES, 2, 3, -2, -1);

  private Quads() {}

  /** {@code a0 b0 a1 b1}. */
  static FloatVector lowPairs(FloatVector a, FloatVector b) {
    return a.rearrange(LOW_PAIRS, b);
  }

  /** {@code a2 b2 a3 b3}. */
  static FloatVector highPairs(FloatVector a, FloatVector b) {
    return a.rearrange(HIGH_PAIRS, b);
  }

  /** {@code a0 a1 b0 b1}. */
  static FloatVector lowHalves(FloatVector a, FloatVector b) {
    return a.rearrange(LOW_HALVES, b);
  }

  /** {@code a2 a3 b2 b3}. */
  static FloatVector highHalves(FloatVector a, FloatVector b) {
    return a.rearrange(HIGH_HALVES, b);
  }
}
