package nibble.kernels.attention;

/** Checks the arguments of {@link Rope} ahead of the loops. */
final class RopeArguments {
  private RopeArguments() {}

  static void check(
      int b,
      int rows,
      int heads,
      int headDim,
      HeadView x,
      RopeTable table,
      int[] positions,
      int positionsOffset) {
    if (headDim < table.rotated()) {
      throw new IllegalArgumentException(
          "the table turns %d elements of a head, which has %d"
              .formatted(table.rotated(), headDim));
    }
    x.check("x", b + 1, rows, heads, headDim);
    for (int r = 0; r < rows; r++) {
      int position = positions[positionsOffset + r];
      if (position < 0 || position >= table.positions()) {
        throw new IndexOutOfBoundsException(
            "row %d stands at position %d, the rotary table holds positions 0 to %d"
                .formatted(r, position, table.positions() - 1));
      }
    }
  }
}
