package nibble.kernels.gemm;

/** Copies rows of A into the order in which {@link Tile} reads them. */
final class OperandPacking {
  private OperandPacking() {}

  /** Copies {@code A [m, k]} to {@code rows [m, k]}, row-major. */
  static void rows(int m, int k, float[] a, int aOffset, int aRow, int aColumn, float[] rows) {
    for (int i = 0; i < m; i++) {
      for (int l = 0; l < k; l++) {
        rows[i * k + l] = a[aOffset + i * aRow + l * aColumn];
      }
    }
  }

  /**
   * Copies {@code A [m, k]} to {@code tiles} as {@link Tile#packed} reads it: {@value Tile#ROWS} rows after the other, interleaved, the last
   * ones filled up with zeros.
   */
  static void tiles(int m, int k, float[] a, int aOffset, int aRow, int aColumn, float[] tiles) {
    for (int i = 0; i < Math.ceilDiv(m, Tile.ROWS) * Tile.ROWS; i++) {
      int to = i / Tile.ROWS * Tile.ROWS * k + i % Tile.ROWS;
      if (i < m) {
        interleave(k, a, aOffset + i * aRow, aColumn, tiles, to);
      } else {
        for (int l = 0; l < k; l++) {
          tiles[to + l * Tile.ROWS] = 0;
        }
      }
    }
  }

  private static void interleave(int k, float[] a, int from, int aColumn, float[] tiles, int to) {
    for (int l = 0; l < k; l++) {
      tiles[to + l * Tile.ROWS] = a[from + l * aColumn];
    }
  }
}
