package nibble.kernels.lowbit;

import java.util.Arrays;
import java.util.stream.IntStream;
import nibble.kernels.rowwise.CodeRange;
import nibble.kernels.rowwise.Quantize;

/**
 * The levels of one row of {@link QuantizedRows}, by the same arithmetic as {@link Quantize}: what
 * is simulated is what is executed.
 */
final class RowLevels {
  private static final Quantize QUANTIZE = Quantize.best();

  private static final int LEAST_BITS = 2;

  /** Ranges of 2 to 8 bits, made once: this runs for every row. */
  private static final CodeRange[] SIGNED =
      IntStream.rangeClosed(LEAST_BITS, 8).mapToObj(CodeRange::signed).toArray(CodeRange[]::new);

  private static final CodeRange[] UNSIGNED =
      IntStream.rangeClosed(LEAST_BITS, 8).mapToObj(CodeRange::unsigned).toArray(CodeRange[]::new);

  private final CodeRange range;
  private final boolean symmetric;
  private final boolean dynamic;
  private final float clip;
  private final float fixedScale;
  private final float fixedZeroPoint;
  private final boolean hasOffsets;
  private final float middle;
  private final Sink sink;

  /**
   * Everything that does not depend on the row.
   *
   * @param sink writes the levels
   */
  RowLevels(ActivationQuantizer quantizer, Sink sink) {
    this.symmetric = quantizer.symmetric();
    this.range = (symmetric ? SIGNED : UNSIGNED)[quantizer.bits() - LEAST_BITS];
    this.dynamic = quantizer instanceof ActivationQuantizer.PerToken;
    this.clip = quantizer instanceof ActivationQuantizer.PerToken token ? token.clip() : 1;
    this.fixedScale = quantizer instanceof ActivationQuantizer.PerTensor fixed ? fixed.scale() : 1;
    this.fixedZeroPoint =
        quantizer instanceof ActivationQuantizer.PerTensor fixed ? fixed.zeroPoint() : 0;
    this.hasOffsets = QuantizedRows.hasOffsets(quantizer);
    this.middle = 1 << (quantizer.bits() - 1);
    this.sink = sink;
  }

  /**
   * What turns activations of a row into levels: {@code rint(clamp(x / scale, least, most)) -
   * offset}, where {@code NaN - offset} is {@code -offset}.
   */
  interface Sink {
    /**
     * Writes the levels of {@code n} activations.
     *
     * @param least smallest code, the zero point taken off
     * @param most largest code, the zero point taken off
     */
    void levels(
        int n,
        float[] x,
        int xOffset,
        float scale,
        float least,
        float most,
        float offset,
        float[] levels,
        int levelsAt);
  }

  /** Quantizes row {@code r} of {@code rows} from {@code x[xOffset ..]}, and pads it with zeros. */
  void quantize(QuantizedRows rows, int r, float[] x, int xOffset) {
    int n = rows.in();
    float[] grid = rows.grid();
    int gridAt = rows.gridAt() + 2 * r;
    grid(n, x, xOffset, grid, gridAt);
    float z =
        Float.isNaN(grid[gridAt + 1])
            ? 0
            : grid[gridAt + 1]; // then the scale is NaN too and carries it
    float offset = hasOffsets ? middle - z : 0;
    grid[gridAt + 1] = offset;
    int at = rows.rowAt(r);
    sink.levels(
        n, x, xOffset, grid[gridAt], range.min() - z, range.max() - z, offset, rows.levels(), at);
    Arrays.fill(rows.levels(), at + n, at + QuantizedRows.filled(n), 0);
  }

  /** Scale and zero point of a row. */
  private void grid(int n, float[] x, int xOffset, float[] grid, int at) {
    if (!dynamic) {
      grid[at] = fixedScale;
      grid[at + 1] = fixedZeroPoint;
    } else if (symmetric) {
      QUANTIZE.symmetricScales(1, n, n, x, xOffset, range, clip, grid, at);
      grid[at + 1] = 0;
    } else {
      QUANTIZE.asymmetricScales(1, n, n, x, xOffset, range, clip, grid, at, grid, at + 1);
    }
  }

  /** The {@link Sink} of the scalar kernel. */
  static void levels(
      int n,
      float[] x,
      int xOffset,
      float scale,
      float least,
      float most,
      float offset,
      float[] levels,
      int levelsAt) {
    for (int i = 0; i < n; i++) {
      float step = x[xOffset + i] / scale;
      step = step < least ? least : step;
      step = step > most ? most : step;
      levels[levelsAt + i] = (Float.isNaN(step) ? 0 : (float) Math.rint(step)) - offset;
    }
  }
}
