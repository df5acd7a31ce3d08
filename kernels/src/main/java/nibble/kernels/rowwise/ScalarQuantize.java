package nibble.kernels.rowwise;

import org.jspecify.annotations.Nullable;

/** The specification; the vector kernel does the same operations in the same order. */
final class ScalarQuantize implements Quantize {
  private final Reductions reductions = new ScalarReductions();

  /** The code of {@code x}, an integer in a float. Adding the zero point also turns -0 to 0. */
  static float code(float x, float scale, float zeroPoint, float min, float max) {
    float step = x / scale;
    step = step < min ? min : step;
    step = step > max ? max : step;
    return (float) Math.rint(step) + zeroPoint;
  }

  @Override
  public void symmetricScales(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      CodeRange range,
      float clip,
      float[] scales,
      int scalesOffset) {
    int groups = Grids.groups(columns, groupSize);
    for (int r = 0; r < rows; r++) {
      for (int g = 0; g < groups; g++) {
        int from = g * groupSize;
        float maxAbs =
            reductions.maxAbs(Math.min(groupSize, columns - from), x, xOffset + r * columns + from);
        scales[scalesOffset + r * groups + g] = Grids.symmetricScale(maxAbs, range, clip);
      }
    }
  }

  @Override
  public void asymmetricScales(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      CodeRange range,
      float clip,
      float[] scales,
      int scalesOffset,
      float[] zeroPoints,
      int zeroPointsOffset) {
    int groups = Grids.groups(columns, groupSize);
    for (int r = 0; r < rows; r++) {
      for (int g = 0; g < groups; g++) {
        int from = g * groupSize;
        int at = xOffset + r * columns + from;
        int count = Math.min(groupSize, columns - from);
        int group = r * groups + g;
        Grids.asymmetricScale(
            reductions.min(count, x, at),
            reductions.max(count, x, at),
            range,
            clip,
            scales,
            scalesOffset + group,
            zeroPoints,
            zeroPointsOffset + group);
      }
    }
  }

  @Override
  public void toBytes(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      byte[] codes,
      int codesOffset) {
    int groups = Grids.groups(columns, groupSize);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        int group = r * groups + c / groupSize;
        float z = Grids.zeroPoint(zeroPoints, zeroPointsOffset + group);
        int i = r * columns + c;
        codes[codesOffset + i] =
            (byte)
                (int)
                    code(
                        x[xOffset + i],
                        scales[scalesOffset + group],
                        z,
                        range.min() - z,
                        range.max() - z);
      }
    }
  }

  @Override
  public void toFloats(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] codes,
      int codesOffset) {
    int groups = Grids.groups(columns, groupSize);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        int group = r * groups + c / groupSize;
        float z = Grids.zeroPoint(zeroPoints, zeroPointsOffset + group);
        int i = r * columns + c;
        codes[codesOffset + i] =
            code(x[xOffset + i], scales[scalesOffset + group], z, range.min() - z, range.max() - z);
      }
    }
  }

  @Override
  public void fakeQuantize(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] out,
      int outOffset) {
    int groups = Grids.groups(columns, groupSize);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        int group = r * groups + c / groupSize;
        float z = Grids.zeroPoint(zeroPoints, zeroPointsOffset + group);
        float s = scales[scalesOffset + group];
        int i = r * columns + c;
        out[outOffset + i] = s * (code(x[xOffset + i], s, z, range.min() - z, range.max() - z) - z);
      }
    }
  }

  @Override
  public void fakeQuantizeColumns(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] out,
      int outOffset) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        float z = Grids.zeroPoint(zeroPoints, zeroPointsOffset + c);
        float s = scales[scalesOffset + c];
        int i = r * columns + c;
        out[outOffset + i] = s * (code(x[xOffset + i], s, z, range.min() - z, range.max() - z) - z);
      }
    }
  }

  @Override
  public void dequantize(
      int rows,
      int columns,
      int groupSize,
      byte[] codes,
      int codesOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] out,
      int outOffset) {
    int groups = Grids.groups(columns, groupSize);
    int mask = range.isUnsignedByte() ? 0xFF : -1;
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        int group = r * groups + c / groupSize;
        float z = Grids.zeroPoint(zeroPoints, zeroPointsOffset + group);
        int i = r * columns + c;
        out[outOffset + i] = scales[scalesOffset + group] * ((codes[codesOffset + i] & mask) - z);
      }
    }
  }
}
