package nibble.kernels.gemm;

import nibble.kernels.platform.Caches;

/**
 * How much of a product is worked on at a time: the one place where shapes meet the sizes of
 * caches. A panel of B is read once per row tile and stays in the first-level cache, or in the
 * second-level one for wide tiles; the block of A is read once per panel and stays in the
 * second-level cache. The longer a block, the less often C is read and written.
 *
 * @param steps of the sum per block
 * @param rows of a block of A
 */
record Blocking(int steps, int rows) {
  private static final int COLUMNS = Tile.BEST.columns();

  /** Bytes of a panel for each step. */
  private static final int STEP_BYTES = 4 * COLUMNS;

  /** A wide tile computes long enough on a step to read it from the second level. */
  private static final int PANEL_BYTES = STEP_BYTES > 128 ? Caches.L2 / 8 : Caches.L1 / 2;

  /** Steps of a block at most. */
  private static final int STEPS = Math.clamp(PANEL_BYTES / STEP_BYTES, 64, Tile.MOST_STEPS);

  /**
   * The same for panels that are made anew for each block of rows: shorter, so that the block may
   * have more rows.
   */
  private static final int UNPACKED_STEPS = Math.max(64, STEPS / 2);

  /** Floats of a block of A. */
  private static final int A_FLOATS = Caches.L2 / 2 / 4;

  /**
   * Rows of a block at most: packed rows take {@link Tile#STRIDE} floats however short they are.
   */
  private static final int MOST_ROWS = 1024;

  /** Steps up to which a sum is so short that writing C takes a part of the time that counts. */
  private static final int SHORT_SUM = 512;

  /**
   * Rows of a block for short sums and a C of many rows: the lines that two panels share are still
   * near.
   */
  private static final int SHORT_SUM_ROWS = 18 * Tile.ROWS;

  /** Bytes of C to which an {@link Epilogue} is applied at a time. */
  private static final int FINISHED_BYTES = Caches.L2 / 4;

  /** Multiply-adds below which a second thread costs more than it brings. */
  private static final long SMALLEST_SHARE = 1 << 19;

  /** Elements of A below which packing is not shared. */
  private static final long SMALLEST_PACKING = 1 << 13;

  /**
   * Row tiles below which a thread that goes through all panels would wait for them: it reads the
   * next one ahead bit by bit, in each tile.
   */
  private static final int LEAST_ROW_TILES = 8;

  /** Steps of tiles below which it is not worth another thread's while to take them. */
  private static final int STEPS_TO_TAKE = 1024;

  /** Row tiles after which it does not. */
  private static final int ROW_TILES = 16;

  /**
   * Blocks of about equal size for packed weights; the number of steps is even.
   *
   * @param isWidened whether panels are made anew for each block of rows
   */
  static Blocking of(int m, int k, boolean isWidened) {
    boolean isTall = m > 2 * SHORT_SUM_ROWS && k <= SHORT_SUM && !isWidened;
    return of(m, k, STEPS, 2, isTall ? SHORT_SUM_ROWS : MOST_ROWS);
  }

  /** The same for weights that are unpacked in multiples of {@code inputStep} as they are used. */
  static Blocking ofUnpacked(int m, int k, int inputStep) {
    return of(m, k, UNPACKED_STEPS, inputStep % 2 == 0 ? inputStep : 2 * inputStep, MOST_ROWS);
  }

  private static Blocking of(int m, int k, int mostSteps, int multiple, int mostRows) {
    int steps = equalParts(k, mostSteps, multiple);
    return new Blocking(
        steps, equalParts(m, Math.clamp(A_FLOATS / steps, Tile.ROWS, mostRows), Tile.ROWS));
  }

  /**
   * The size of parts of a whole, about equal, each a multiple of {@code multiple} and at most
   * about {@code most}.
   */
  private static int equalParts(int whole, int most, int multiple) {
    int parts = Math.max(1, Math.ceilDiv(whole, most));
    return Math.max(1, Math.ceilDiv(Math.ceilDiv(whole, parts), multiple)) * multiple;
  }

  /** Panels after which an epilogue is applied to {@code rows} rows. */
  static int finishedPanels(int rows) {
    return Math.max(1, FINISHED_BYTES / Math.max(1, rows * STEP_BYTES));
  }

  /** Where part {@code index} of {@code parts} about equal parts begins. */
  static int part(int whole, int index, int parts) {
    return (int) ((long) whole * index / parts);
  }

  /**
   * Number of tasks for a product: several for each worker where there is enough work, so that a
   * delayed thread costs less.
   */
  static int tasks(long m, long n, long k, int workers) {
    if (workers == 1) {
      return 1;
    }
    return (int) Math.clamp(m * n * k / SMALLEST_SHARE, 1, 4L * workers);
  }

  /**
   * Number of parts of {@code tiles} tiles of rows, each of which a thread takes through all panels
   * and packs for itself: nothing has to wait for another thread. 1 if there are too few tiles, or
   * too little work, for all workers.
   */
  static int rowParts(int tiles, long n, long k, int workers) {
    if (tiles < (long) LEAST_ROW_TILES * workers
        || tasks((long) tiles * Tile.ROWS, n, k, workers) < workers) {
      return 1;
    }
    return Math.clamp(tiles / ROW_TILES / workers, 1, 4) * workers;
  }

  /** Tiles of C of so many steps that another thread may take: some microseconds of work. */
  static int leastTiles(int steps) {
    return Math.clamp(STEPS_TO_TAKE / Math.max(1, steps), 1, 8);
  }

  /** Number of tasks that pack a block of A. */
  static int packTasks(long rows, long steps, int workers) {
    return Math.clamp(rows * steps / SMALLEST_PACKING, 1, workers);
  }
}
