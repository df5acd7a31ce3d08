package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;

/**
 * The register tiles of the vector FP32 product, for kernels that keep operands in panels of their
 * own: a wide tile, and a narrow one for the few columns that a wide one would mostly waste. Needs
 * {@code jdk.incubator.vector}.
 *
 * <p>A panel holds as many columns as its tile, interleaved: step {@code l} of the sum is one run
 * of that many floats. Panels start at multiples of 64 bytes.
 */
public final class RegisterTiles {
  /** Rows of both tiles. */
  public static final int ROWS = Tile.ROWS;

  /** Most steps of one call. */
  public static final int MOST_STEPS = Tile.MOST_STEPS;

  /** Elements from one row of A to the next: a constant, so that one index serves all rows. */
  public static final int STRIDE = Tile.STRIDE;

  private static final Tile WIDE = Tile.BEST;
  private static final Tile NARROW = new Tile6x2();

  private RegisterTiles() {}

  /** Columns of the wide tile; at least those of the narrow one. */
  public static int wideColumns() {
    return WIDE.columns();
  }

  /** Columns of the narrow tile. */
  public static int narrowColumns() {
    return NARROW.columns();
  }

  /**
   * {@code c[r, :] = start[r, :] + sum over l of a[r, l] * panel[l, :]} for {@value #ROWS} rows of
   * an A whose element {@code (r, l)} is {@code a[aAt + r * STRIDE + l]}. {@code start} may be
   * {@code c}.
   *
   * @param k steps of the sum, an even number up to {@link #MOST_STEPS}
   */
  public static void rows(
      boolean wide,
      int k,
      float[] a,
      int aAt,
      MemorySegment panel,
      long panelAt,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow) {
    Tile tile = wide ? WIDE : NARROW;
    int _ = tile.rows(k, a, aAt, panel, panelAt, panelAt, start, startAt, startRow, c, cAt, cRow);
  }

  /**
   * Copies rows of a row-major matrix, transposed, into a panel: {@code present} of them become its
   * first columns, the others of its {@code width} columns zero.
   *
   * @param steps elements of a row, and steps of the panel
   * @param at element 0 of row 0
   * @param rowStride elements from one row to the next
   * @param to byte of {@code panel} at which it begins
   */
  public static void packTransposed(
      int present,
      int width,
      int steps,
      float[] values,
      int at,
      int rowStride,
      MemorySegment panel,
      long to) {
    PanelColumns.pack(present, width, steps, 1, values, at, 1, rowStride, panel, to);
  }
}
