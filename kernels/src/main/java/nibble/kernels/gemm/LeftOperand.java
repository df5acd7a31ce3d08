package nibble.kernels.gemm;

/**
 * {@code A [rows, steps]} with any strides, and how blocks of it are packed for {@link Tile#rows}.
 */
record LeftOperand(
    float[] values, int offset, int rows, int steps, int rowStride, int columnStride) {
  private static final int ROWS = Tile.ROWS;

  /** Row-major with row stride {@code rowStride}. */
  static LeftOperand rowMajor(float[] values, int offset, int rows, int steps, int rowStride) {
    return new LeftOperand(values, offset, rows, steps, rowStride, 1);
  }

  /** Index of element (row, step). */
  int at(int row, int step) {
    return offset + row * rowStride + step * columnStride;
  }

  /** Whether a tile of {@code count} rows is packed, and not read where it is. */
  boolean isPacked(int count) {
    return count > Tile.FEW_ROWS || columnStride != 1;
  }

  /** Whether there is a tile with exactly {@code count} rows. */
  boolean hasTile(int count) {
    return count == ROWS || columnStride == 1 && (count == Tile.FEW_ROWS || count == 1);
  }

  /** Floats of a packed block of {@code blockRows} rows. */
  static int packedLength(int blockRows) {
    return Math.multiplyExact(Math.ceilDiv(blockRows, ROWS) * ROWS, Tile.STRIDE);
  }

  /**
   * Packs part {@code part} of {@code parts} of a block to element {@code to} of {@code tiles}:
   * rows {@code [row, rowEnd)}, {@code count} steps from {@code step} on. Rows that are not there
   * become zero, and so does the step that makes an odd number even.
   */
  void pack(int row, int rowEnd, int step, int count, float[] tiles, int to, int part, int parts) {
    int tileCount = Math.ceilDiv(rowEnd - row, ROWS);
    int first = row + Blocking.part(tileCount, part, parts) * ROWS;
    int end = Math.min(rowEnd, row + Blocking.part(tileCount, part + 1, parts) * ROWS);
    if (first < end
        && !isPacked((end - first - 1) % ROWS + 1)) { // the last tile is read where it is
      end = (end - first - 1) / ROWS * ROWS + first;
    }
    TilePacking.pack(
        end - first,
        count,
        values,
        at(first, step),
        rowStride,
        columnStride,
        tiles,
        to + (first - row) * Tile.STRIDE);
  }
}
