package nibble.kernels.gemm;

/**
 * How much of a product is worked on at a time, so that each operand is read from the nearest cache that can hold it: the panel of B is read
 * once per row tile (first-level cache, or the second-level one for wide tiles), the block of A once per panel (second level).
 */
final class Blocking {
  /** Steps of the sum per block. A 256-bit panel takes 64 bytes per step, so this is half of a 32 KiB cache. */
  private static final int STEPS = 256;

  /** Floats of a block of A: half of a second-level cache of 512 KiB. */
  private static final int A_FLOATS = 64 * 1024;

  /** Multiply-adds below which a second thread costs more than it brings. */
  private static final long SMALLEST_SHARE = 1 << 19;

  private Blocking() {}

  /** Steps per block: an even number, at most {@link #STEPS}, and all blocks about equal. */
  static int steps(int k) {
    int blocks = Math.max(1, Math.ceilDiv(k, STEPS));
    return Math.max(2, 2 * Math.ceilDiv(k, 2 * blocks));
  }

  /** Rows of a block of A, whole tiles. */
  static int rows(int steps) {
    return Math.max(1, A_FLOATS / Math.max(1, steps) / Tile.ROWS) * Tile.ROWS;
  }

  /** Where part {@code index} of {@code parts} about equal parts begins. */
  static int part(int whole, int index, int parts) {
    return (int) ((long) whole * index / parts);
  }

  /** Number of tasks for a product: two for each worker where there is enough work, so that a delayed thread costs less. */
  static int tasks(long m, long n, long k, int workers) {
    if (workers == 1) {
      return 1;
    }
    return (int) Math.clamp(m * n * k / SMALLEST_SHARE, 1, 2L * workers);
  }
}
