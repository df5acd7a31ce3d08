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
   * an A whose element {@code (r, l)} is {@code a[aAt + l * ROWS + r]}. {@code start} may be {@code
   * c}.
   */
  public static void packed(
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
    if (wide) {
      WIDE.packed(k, a, aAt, panel, panelAt, start, startAt, startRow, c, cAt, cRow);
    } else {
      NARROW.packed(k, a, aAt, panel, panelAt, start, startAt, startRow, c, cAt, cRow);
    }
  }

  /** The same for {@value #ROWS} rows of a row-major A with row stride {@code aRow}. */
  public static void rowMajor(
      boolean wide,
      int k,
      float[] a,
      int aAt,
      int aRow,
      MemorySegment panel,
      long panelAt,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow) {
    if (wide) {
      WIDE.many(k, a, aAt, aRow, ROWS, panel, panelAt, start, startAt, startRow, c, cAt, cRow);
    } else {
      NARROW.many(k, a, aAt, aRow, ROWS, panel, panelAt, start, startAt, startRow, c, cAt, cRow);
    }
  }
}
