package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import nibble.kernels.platform.Lanes;

/**
 * The innermost kernels: a few rows of A times one packed panel of B, sums in registers. A panel holds {@link #columns} columns of B,
 * interleaved: step {@code l} of the sum is one run of {@code columns()} values.
 *
 * <p>All methods compute {@code c[r, :] = start[r, :] + sum over l of a[r, l] * b[l, :]}. Rows from {@code rows} on are computed again from
 * row {@code rows - 1}, so {@code a} is not read beyond its end, and {@code c} and {@code start} must have room for the full tile. {@code
 * start} may be {@code c}.
 */
interface Tile {
  /** Rows of the small tile. */
  int FEW_ROWS = 3;

  /** The tile for the register file of this machine. */
  Tile BEST = hasManyRegisters() ? new Tile6x4() : new Tile3x3();

  /** Rows of the large tile. */
  int rows();

  /** Columns of a tile and of a panel. */
  int columns();

  /** {@link #rows} rows. */
  void many(
      int k, float[] a, int aAt, int aRow, int rows, MemorySegment b, long bAt, float[] start, int startAt, int startRow, float[] c, int cAt,
      int cRow);

  /** {@value #FEW_ROWS} rows. */
  void few(
      int k, float[] a, int aAt, int aRow, int rows, MemorySegment b, long bAt, float[] start, int startAt, int startRow, float[] c, int cAt,
      int cRow);

  /** One row. */
  void one(int k, float[] a, int aAt, MemorySegment b, long bAt, float[] start, int startAt, float[] c, int cAt);

  /** One row, the panel in BF16 as {@link Halves} lays it out. */
  void oneBf16(int k, float[] a, int aAt, MemorySegment b, long bAt, float[] start, int startAt, float[] c, int cAt);

  /**
   * 32 vector registers hold 6 x 4 sums. AVX-512 and AArch64 have 32, narrower x86 vectors 16. There the compiler loads all elements of A
   * and B of one step before it multiplies, so sums, B and A must fit together: 3 x 3 does (9 + 3 + 3), 6 x 2 does not (12 + 2 + 6) and
   * spills sums.
   */
  private static boolean hasManyRegisters() {
    return Lanes.SHAPE.vectorBitSize() == 512 || System.getProperty("os.arch").equals("aarch64");
  }
}
