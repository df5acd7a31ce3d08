package nibble.quant.rotation;

import nibble.kernels.hadamard.HadamardTransform;

/** An orthogonal map of vectors, in double precision. Immutable. */
public interface Orthogonal {
  /** Length of the vectors. */
  int size();

  /**
   * A random map: signs and a Hadamard matrix where there is one of the size, any orthogonal matrix
   * elsewhere. The same seed gives the same map.
   */
  static Orthogonal random(int size, long seed) {
    return HadamardTransform.isSupported(size)
        ? RandomizedHadamard.random(size, seed)
        : new RandomOrthogonal(size, seed);
  }

  /** Replaces {@code x[offset .. offset + size)} by its image. */
  void apply(double[] x, int offset);
}
