package nibble.kernels.attention;

import nibble.kernels.gemm.RegisterTiles;

/**
 * Consecutive rows of one head of k: queries times the heads of a group, in that order.
 *
 * @param b the sequence
 * @param first the first row
 * @param count of rows
 */
record TileRows(AttentionOperands operands, int b, int kvHead, int first, int count) {
  int depth() {
    return operands.shape().headDim();
  }

  int group() {
    return operands.shape().group();
  }

  /** The query of a row, which is counted from the first one here. */
  int query(int row) {
    return (first + row) / group();
  }

  int head(int row) {
    return kvHead * group() + (first + row) % group();
  }

  /**
   * Zeros in the rows that fill up the last tile.
   *
   * @param q tiles of rows from {@code from} on, interleaved as {@link RegisterTiles} read them
   */
  void clearRest(float[] q, int from) {
    int tile = RegisterTiles.ROWS;
    for (int row = count; row % tile != 0; row++) {
      for (int d = 0; d < depth(); d++) {
        q[from + row / tile * tile * depth() + row % tile + d * tile] = 0;
      }
    }
  }
}
