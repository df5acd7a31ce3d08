package nibble.kernels.lowbit;

import java.util.Arrays;
import java.util.stream.IntStream;
import nibble.kernels.rowwise.CodeRange;
import nibble.kernels.rowwise.Quantize;

/** The levels of one row of {@link QuantizedRows}, by the same arithmetic as {@link Quantize}: what is simulated is what is executed. */
final class RowLevels {
  private static final Quantize QUANTIZE = Quantize.best();

  private static final int LEAST_BITS = 2;

  /** Ranges of 2 to 8 bits, made once: this runs for every row. */
  private static final CodeRange[] SIGNED = IntStream.rangeClosed(LEAST_BITS, 8).mapToObj(CodeRange::signed).toArray(CodeRange[]::new);

  private static final CodeRange[] UNSIGNED = IntStream.rangeClosed(LEAST_BITS, 8).mapToObj(CodeRange::unsigned).toArray(CodeRange[]::new);

  private RowLevels() {}

  /**
   * What turns activations of a row into levels: {@code rint(clamp(x / scale, least, most)) - offset}, where {@code NaN - offset} is {@code -offset}.
   *
   * @param least smallest code, the zero point taken off
   * @param most largest code, the zero point taken off
   */
  interface Sink {
    void levels(int n, float[] x, int xOffset, float scale, float least, float most, float offset, float[] levels, int levelsAt);
  }

  /**
   * Quantizes row {@code r} of {@code rows} from {@code x[xOffset ..]}, and pads it with zeros.
   *
   * @param sink writes the levels
   */
  static void quantize(QuantizedRows rows, int r, float[] x, int xOffset, Sink sink) {
    ActivationQuantizer quantizer = rows.quantizer();
    CodeRange range = (quantizer.symmetric() ? SIGNED : UNSIGNED)[quantizer.bits() - LEAST_BITS];
    int n = rows.in();
    float[] grid = rows.grid();
    int gridAt = rows.gridAt() + 2 * r;
    grid(quantizer, range, n, x, xOffset, grid, gridAt);
    float z = Float.isNaN(grid[gridAt + 1]) ? 0 : grid[gridAt + 1]; // then the scale is NaN too and carries it
    float offset = QuantizedRows.hasOffsets(quantizer) ? (1 << (quantizer.bits() - 1)) - z : 0;
    grid[gridAt + 1] = offset;
    int at = rows.rowAt(r);
    sink.levels(n, x, xOffset, grid[gridAt], range.min() - z, range.max() - z, offset, rows.levels(), at);
    Arrays.fill(rows.levels(), at + n, at + rows.stride(), 0);
  }

  /** Scale and zero point of a row. */
  private static void grid(ActivationQuantizer quantizer, CodeRange range, int n, float[] x, int xOffset, float[] grid, int at) {
    switch (quantizer) {
      case ActivationQuantizer.PerToken q when q.symmetric() -> {
        QUANTIZE.symmetricScales(1, n, n, x, xOffset, range, q.clip(), grid, at);
        grid[at + 1] = 0;
      }
      case ActivationQuantizer.PerToken q -> QUANTIZE.asymmetricScales(1, n, n, x, xOffset, range, q.clip(), grid, at, grid, at + 1);
      case ActivationQuantizer.PerTensor q -> {
        grid[at] = q.scale();
        grid[at + 1] = q.zeroPoint();
      }
    }
  }

  /** The {@link Sink} of the scalar kernel. */
  static void levels(int n, float[] x, int xOffset, float scale, float least, float most, float offset, float[] levels, int levelsAt) {
    for (int i = 0; i < n; i++) {
      float step = x[xOffset + i] / scale;
      step = step < least ? least : step;
      step = step > most ? most : step;
      levels[levelsAt + i] = (Float.isNaN(step) ? 0 : (float) Math.rint(step)) - offset;
    }
  }
}
