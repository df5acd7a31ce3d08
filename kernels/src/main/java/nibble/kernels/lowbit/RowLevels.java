package nibble.kernels.lowbit;

import java.util.stream.IntStream;
import nibble.kernels.rowwise.CodeRange;
import nibble.kernels.rowwise.Quantize;

/** The activation levels {@code q - z} of one row, by the same arithmetic as {@link Quantize}: what is simulated is what is executed. */
final class RowLevels {
  private static final Quantize QUANTIZE = Quantize.best();

  private static final int LEAST_BITS = 2;

  /** Ranges of 2 to 8 bits, made once: this runs for every row. */
  private static final CodeRange[] SIGNED = IntStream.rangeClosed(LEAST_BITS, 8).mapToObj(CodeRange::signed).toArray(CodeRange[]::new);

  private static final CodeRange[] UNSIGNED = IntStream.rangeClosed(LEAST_BITS, 8).mapToObj(CodeRange::unsigned).toArray(CodeRange[]::new);

  private RowLevels() {}

  /**
   * Writes the levels of {@code x[xOffset .. xOffset + n)} as integers in floats.
   *
   * @param grid receives the scale at {@code gridAt} and the zero point at {@code gridAt + 1}
   */
  static void quantize(
      ActivationQuantizer quantizer, float[] x, int xOffset, int n, float[] levels, int levelsOffset, float[] grid, int gridAt) {
    CodeRange range = (quantizer.symmetric() ? SIGNED : UNSIGNED)[quantizer.bits() - LEAST_BITS];
    switch (quantizer) {
      case ActivationQuantizer.PerToken q when q.symmetric() -> {
        QUANTIZE.symmetricScales(1, n, n, x, xOffset, range, q.clip(), grid, gridAt);
        grid[gridAt + 1] = 0;
      }
      case ActivationQuantizer.PerToken q ->
          QUANTIZE.asymmetricScales(1, n, n, x, xOffset, range, q.clip(), grid, gridAt, grid, gridAt + 1);
      case ActivationQuantizer.PerTensor q -> {
        grid[gridAt] = q.scale();
        grid[gridAt + 1] = q.zeroPoint();
      }
    }
    QUANTIZE.toFloats(1, n, n, x, xOffset, grid, gridAt, grid, gridAt + 1, range, levels, levelsOffset);
    float zeroPoint = grid[gridAt + 1];
    for (int i = 0; i < n; i++) {
      float level = levels[levelsOffset + i] - zeroPoint;
      levels[levelsOffset + i] = Float.isNaN(level) ? 0 : level; // NaN: the scale of the row carries it
    }
  }
}
