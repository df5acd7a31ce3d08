package nibble.kernels.attention;

import java.util.Arrays;
import nibble.kernels.gemm.RegisterTiles;

/**
 * A few tiles of rows of q, as {@link RegisterTiles#rows} reads them: their elements in parts of at
 * most {@link RegisterTiles#MOST_STEPS}, padded to an even number with zeros.
 *
 * @param values holds {@link #length} floats
 * @param depth elements of a row
 */
record QueryTiles(float[] values, int depth) {
  private static final int ROWS = RegisterTiles.ROWS;
  private static final int MOST = RegisterTiles.MOST_STEPS;
  private static final int PART = ROWS * RegisterTiles.STRIDE;

  /** Floats of {@code rows} rows, whole tiles. */
  static int length(int rows, int depth) {
    return Math.multiplyExact(rows / ROWS * Math.ceilDiv(depth, MOST), PART);
  }

  /** Elements of a row, padding included. */
  int steps() {
    return KeyValueBlock.even(depth);
  }

  /** Parts of a row. */
  int parts() {
    return Math.ceilDiv(depth, MOST);
  }

  /** Where a part of a tile begins. */
  int at(int tile, int part) {
    return (tile * parts() + part) * PART;
  }

  /** {@code factor} times the elements from {@code at} on become row {@code row}. */
  void put(int row, float factor, float[] from, int at) {
    for (int part = 0; part < parts(); part++) {
      int to = at(row / ROWS, part) + row % ROWS * RegisterTiles.STRIDE;
      int count = Math.min(MOST, depth - part * MOST);
      OnlineSoftmax.scale(count, factor, from, at + part * MOST, values, to);
      if (count % 2 == 1) {
        values[to + count] = 0;
      }
    }
  }

  /** Zeros in the rows from {@code rows} on that fill up the last tile. */
  void clearFrom(int rows) {
    for (int row = rows; row % ROWS != 0; row++) {
      for (int part = 0; part < parts(); part++) {
        int to = at(row / ROWS, part) + row % ROWS * RegisterTiles.STRIDE;
        Arrays.fill(values, to, to + Math.min(MOST, steps() - part * MOST), 0);
      }
    }
  }
}
