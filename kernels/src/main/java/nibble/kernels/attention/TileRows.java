package nibble.kernels.attention;

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
}
