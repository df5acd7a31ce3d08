package nibble.kernels.lowbit;

import nibble.kernels.rowwise.CodeRange;
import nibble.kernels.rowwise.Quantize;

/** The activation levels {@code q - z} of one row, by the same arithmetic as {@link Quantize}: what is simulated is what is executed. */
final class RowLevels {
  private static final Quantize QUANTIZE = Quantize.best();

  private RowLevels() {}

  /**
   * Writes the levels of {@code x[xOffset .. xOffset + n)} as integers in floats.
   *
   * @param grid receives the scale at {@code gridAt} and the zero point at {@code gridAt + 1}
   */
  static void quantize(
      ActivationQuantizer quantizer, float[] x, int xOffset, int n, float[] levels, int levelsOffset, float[] grid, int gridAt) {
    CodeRange range = quantizer.symmetric() ? CodeRange.signed(quantizer.bits()) : CodeRange.unsigned(quantizer.bits());
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
