package nibble.kernels.attention;

/** The specification: one pair after the other, in double. */
final class ScalarRope implements Rope {
  @Override
  public void rotate(
      int b,
      int rows,
      int heads,
      int headDim,
      HeadView x,
      RopeTable table,
      int[] positions,
      int positionsOffset,
      boolean inverse) {
    RopeArguments.check(b, rows, heads, headDim, x, table, positions, positionsOffset);
    for (int r = 0; r < rows; r++) {
      for (int head = 0; head < heads; head++) {
        head(x.array(), x.at(b, r, head), table, positions[positionsOffset + r], inverse ? -1 : 1);
      }
    }
  }

  private static void head(float[] x, int at, RopeTable table, int position, double direction) {
    int pairs = table.rotated() / 2;
    boolean halves = table.pairs() == RopeTable.Pairs.HALVES;
    for (int i = 0; i < pairs; i++) {
      int first = at + (halves ? i : 2 * i);
      int second = first + (halves ? pairs : 1);
      double cosine = table.cosine(position, i);
      double sine = direction * table.sine(position, i);
      double a = x[first];
      double c = x[second];
      x[first] = (float) (a * cosine - c * sine);
      x[second] = (float) (c * cosine + a * sine);
    }
  }
}
