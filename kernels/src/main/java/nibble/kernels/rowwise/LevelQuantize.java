package nibble.kernels.rowwise;

import nibble.kernels.platform.VectorSupport;

/**
 * Fake quantization to the levels of a {@link LevelTable}, for grids that are not uniform. All
 * implementations agree to the bit.
 */
public interface LevelQuantize {

  /**
   * {@code out = level(factor * x)}, the product rounded to a float; NaN stays NaN. {@code out} may
   * be {@code x} at the same offset.
   *
   * @param factor 1 to quantize {@code x} itself
   */
  void fakeQuantize(
      int count,
      float factor,
      float[] x,
      int xOffset,
      LevelTable table,
      float[] out,
      int outOffset);

  /** The best implementation for this machine. */
  static LevelQuantize best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final LevelQuantize INSTANCE =
        VectorSupport.choose(() -> new VectorLevelQuantize(), () -> new ScalarLevelQuantize());

    private Best() {}
  }
}
