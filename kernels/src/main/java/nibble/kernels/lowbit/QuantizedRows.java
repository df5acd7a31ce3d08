package nibble.kernels.lowbit;

import java.util.Objects;

/**
 * Activations {@code [rows, in]} after quantization, ready for products with any number of weights
 * ({@link IntGemm#quantize} makes them). Row {@code r} stands for {@code scale[r] * (level[r, k] +
 * offset[r])}.
 *
 * <p>Levels are integers as floats. Asymmetric codes of up to 4 bits are kept around the middle of
 * their range, which leaves products smallest: {@code level = q - 2^(bits-1)}, {@code offset =
 * 2^(bits-1) - z}. In all other cases the offset is 0 and {@code level = q - z}.
 *
 * <p>A view of arrays that the caller owns and leaves as they are while this is in use.
 *
 * @param quantizer where the codes come from
 * @param levels {@code [rows, stride(in)]} from {@code levelsAt} on; zeros fill up the last {@link
 *     IntWeights#INPUT_STEP} inputs
 * @param grid scale and offset of each row, {@code [rows, 2]} from {@code gridAt} on
 */
public record QuantizedRows(
    ActivationQuantizer quantizer,
    int rows,
    int in,
    float[] levels,
    int levelsAt,
    float[] grid,
    int gridAt) {
  /** Most inputs of rows that are {@link #DISTANCE} apart. */
  static final int MOST_INPUTS = 1024;

  /**
   * Floats from one row to the next where there are not more inputs than that: a constant, so that
   * one index serves all rows of a register tile and rows are read where they are; no multiple of 4
   * KiB, since rows so far apart compete for the same lines of a cache.
   */
  static final int DISTANCE = MOST_INPUTS + 16;

  public QuantizedRows {
    Objects.checkFromIndexSize(levelsAt, Math.multiplyExact(rows, stride(in)), levels.length);
    Objects.checkFromIndexSize(gridAt, Math.multiplyExact(rows, 2), grid.length);
  }

  /** Floats from one row of levels to the next, for rows of {@code in} levels. */
  public static int stride(int in) {
    int whole = filled(in);
    return whole <= MOST_INPUTS
        ? DISTANCE
        : whole % MOST_INPUTS == 0 ? whole + DISTANCE - MOST_INPUTS : whole;
  }

  /** {@code in}, with the zeros that fill up the last step. */
  static int filled(int in) {
    return Math.ceilDiv(in, IntWeights.INPUT_STEP) * IntWeights.INPUT_STEP;
  }

  int stride() {
    return stride(in);
  }

  float scale(int row) {
    return grid[gridAt + 2 * row];
  }

  float offset(int row) {
    return grid[gridAt + 2 * row + 1];
  }

  int rowAt(int row) {
    return levelsAt + row * stride();
  }

  /** Whether levels of this quantizer have offsets. */
  static boolean hasOffsets(ActivationQuantizer quantizer) {
    return !quantizer.symmetric() && quantizer.bits() <= 4;
  }

  /** Largest absolute level, the offset left out. */
  static int largestLevel(ActivationQuantizer quantizer) {
    int half = 1 << (quantizer.bits() - 1);
    if (hasOffsets(quantizer)) {
      return half;
    }
    boolean keepsExtremes =
        quantizer.symmetric()
            && quantizer instanceof ActivationQuantizer.PerToken token
            && token.clip() == 1;
    return keepsExtremes
        ? half - 1
        : quantizer.maxLevel(); // the scale is max|x| / (half - 1), so no quotient rounds to -half
  }
}
