package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import nibble.kernels.platform.Lanes;

/**
 * The innermost kernels: a few rows of A times one packed panel of B, sums in registers. A panel
 * holds {@link #columns} columns of B, interleaved: step {@code l} of the sum is one run of {@code
 * columns()} values.
 *
 * <p>All methods compute {@code c[r, :] = start[r, :] + sum over l of a[r, l] * b[l, :]}. Where A
 * is row-major, rows from {@code rows} on are computed again from row {@code rows - 1}, so {@code
 * a} is not read beyond its end. {@code c} and {@code start} must have room for the full tile.
 * {@code start} may be {@code c}.
 *
 * <p>Each turn of a loop takes a slice of the panel, of a constant length: its bounds are checked
 * once, and the checks of the vectors in it fold away. (A slice is never allocated in compiled
 * code.) With a check for each vector the compiler spends hundreds of instructions ahead of the
 * loop, and a register in it.
 */
interface Tile {
  /** Rows of the large tile. */
  int ROWS = 6;

  /** Rows of the small tile. */
  int FEW_ROWS = 3;

  /** Most steps of a block of A. */
  int MOST_STEPS = 1024;

  /**
   * Distance of rows in a packed block: a constant, so that the rows of a tile share one index; not
   * a power of two, so that they lie in different sets of the cache.
   */
  int STRIDE = MOST_STEPS + 16;

  /** Bytes of the next panel that are read ahead for each step. */
  long TOUCH_STEP = 32;

  /** The tile for the register file of this machine. */
  Tile BEST = hasManyRegisters() ? new Tile6x4() : new Tile6x2();

  /** Columns of a tile and of a panel. */
  int columns();

  /**
   * {@value #ROWS} rows, packed: {@code a[r, l]} is element {@code aAt + r * STRIDE + l} of {@code
   * a}; {@code k} is even and at most {@value #MOST_STEPS}.
   *
   * <p>Java cannot prefetch. So that what is needed next is on its way from a far cache while this
   * tile computes, a word of it is read every {@value #TOUCH_STEP} bytes for each step, slowly
   * enough for the prefetcher of the hardware to run ahead.
   *
   * @param next byte of {@code b} at which to read ahead; {@code k * TOUCH_STEP} bytes from there
   *     on are in {@code b}
   * @return a value that depends on what was read ahead and means nothing else: without it the
   *     compiler would leave the reading out
   */
  int rows(
      int k,
      float[] a,
      int aAt,
      MemorySegment b,
      long bAt,
      long next,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow);

  /** {@value #ROWS} rows of a row-major A. */
  void many(
      int k,
      float[] a,
      int aAt,
      int aRow,
      int rows,
      MemorySegment b,
      long bAt,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow);

  /** {@value #FEW_ROWS} rows of a row-major A. */
  void few(
      int k,
      float[] a,
      int aAt,
      int aRow,
      int rows,
      MemorySegment b,
      long bAt,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow);

  /** One row. */
  void one(
      int k,
      float[] a,
      int aAt,
      MemorySegment b,
      long bAt,
      float[] start,
      int startAt,
      float[] c,
      int cAt);

  /** One row, the panel in BF16 as {@link Halves} lays it out. */
  void oneBf16(
      int k,
      float[] a,
      int aAt,
      MemorySegment b,
      long bAt,
      float[] start,
      int startAt,
      float[] c,
      int cAt);

  /** One row, the panel in F16 as {@link Halves} lays it out. */
  void oneF16(
      int k,
      float[] a,
      int aAt,
      MemorySegment b,
      long bAt,
      float[] start,
      int startAt,
      float[] c,
      int cAt);

  /**
   * 32 vector registers hold 6 x 4 sums, 16 hold 6 x 2. AVX-512 and AArch64 have 32, narrower x86
   * vectors 16.
   */
  private static boolean hasManyRegisters() {
    return Lanes.SHAPE.vectorBitSize() == 512 || System.getProperty("os.arch").equals("aarch64");
  }
}
