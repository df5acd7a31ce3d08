package nibble.kernels.attention;

import nibble.kernels.gemm.RegisterTiles;

/**
 * The scores of the rows of one head of k, block of keys by block of keys, in tiles of {@link
 * RegisterTiles}. Serves one thread at a time.
 */
interface TileScores {
  /**
   * Elements from one row of scores to the next: the rows that the product with v reads. A block
   * has no more keys.
   */
  int PITCH = RegisterTiles.STRIDE;

  /** Keys of a block, but for the last one: a multiple of the columns of a panel. */
  int blockKeys();

  /** Takes up the keys {@code first} to {@code first + count - 1}, which lie at {@code at}. */
  void keys(int first, int count, float[] k, int at, int rowStride);

  /**
   * Writes the scores of some tiles of rows, the first of which begins with {@code row}, and of at
   * least the keys {@code from} to {@code to - 1} of the block, from the panel on in which {@code
   * from} lies; {@link #PITCH} elements a row, the first row at 0. Elements of other keys may
   * become anything.
   */
  void scores(int row, int tiles, int from, int to, float[] scores);
}
