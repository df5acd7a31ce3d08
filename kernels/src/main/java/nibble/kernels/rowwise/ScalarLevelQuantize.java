package nibble.kernels.rowwise;

/** The specification. */
final class ScalarLevelQuantize implements LevelQuantize {
  @Override
  public void fakeQuantize(
      int count,
      float factor,
      float[] x,
      int xOffset,
      LevelTable table,
      float[] out,
      int outOffset) {
    for (int i = 0; i < count; i++) {
      out[outOffset + i] = table.level(factor * x[xOffset + i]);
    }
  }
}
