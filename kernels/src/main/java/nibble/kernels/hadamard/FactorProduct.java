package nibble.kernels.hadamard;

import nibble.kernels.parallel.Scratch;
import nibble.kernels.platform.VectorSupport;

/** Product of a small +-1 matrix with the rows of a block, in place. */
interface FactorProduct {

  /**
   * {@code X = scale * H X} for {@code h [order, order]} and {@code X [order, columns]}, both
   * row-major and contiguous.
   *
   * @param scratch uses float slot 15
   */
  void multiply(
      float[] h, int order, int columns, float[] x, int xOffset, float scale, Scratch scratch);

  /** The best implementation for this machine. */
  static FactorProduct best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final FactorProduct INSTANCE =
        VectorSupport.choose(() -> new VectorFactorProduct(), () -> new ScalarFactorProduct());

    private Best() {}
  }
}
