package nibble.kernels.hadamard;

import nibble.kernels.platform.VectorSupport;

/**
 * Fast Walsh-Hadamard transform: {@code y = scale * H x} with Sylvester's {@code H_1 = [1]}, {@code
 * H_2n = [[H_n, H_n], [H_n, -H_n]]} (symmetric, {@code H H = n I}). Costs {@code n log2 n}
 * additions per row.
 */
public interface Fwht {
  /** Largest supported length. */
  int MAX_LENGTH = 1 << 20;

  /**
   * Transforms each of {@code rows} contiguous rows of length {@code n}, in place, on the calling
   * thread.
   *
   * @param n a power of two from 1 to {@link #MAX_LENGTH}
   * @param scale factor of the result, {@code 1 / sqrt(n)} for the orthogonal transform
   * @throws IllegalArgumentException if {@code n} is not such a power of two
   */
  void transform(int rows, int n, float[] x, int xOffset, float scale);

  /** {@code n} if it can be transformed. */
  static int checkLength(int n) {
    if (n < 1 || n > MAX_LENGTH || Integer.bitCount(n) != 1) {
      throw new IllegalArgumentException(
          "length must be a power of two from 1 to " + MAX_LENGTH + ", was " + n);
    }
    return n;
  }

  /** The best implementation for this machine. */
  static Fwht best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final Fwht INSTANCE =
        VectorSupport.choose(() -> new VectorFwht(), () -> new ScalarFwht());

    private Best() {}
  }
}
