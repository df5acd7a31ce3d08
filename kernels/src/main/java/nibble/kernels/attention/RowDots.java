package nibble.kernels.attention;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/** Products of one row with several others, four at a time. */
final class RowDots {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;

  private RowDots() {}

  /**
   * {@code out[j] = factor * (x . y_j)} for {@code rows} rows {@code y_j}.
   *
   * @param count elements of a row
   * @param yRow elements from one row of y to the next
   */
  static void of(
      int count,
      float factor,
      float[] x,
      int at,
      int rows,
      float[] y,
      int yAt,
      int yRow,
      float[] out,
      int to) {
    int j = 0;
    if (count < LANES) { // no whole vector, so no lanes to add up
      for (; j < rows; j++) {
        out[to + j] = factor * narrow(count, x, at, y, yAt + j * yRow);
      }
    }
    for (; j <= rows - 4; j += 4) {
      four(count, factor, x, at, y, yAt + j * yRow, yRow, out, to + j);
    }
    for (; j < rows; j++) {
      out[to + j] = factor * one(count, x, at, y, yAt + j * yRow);
    }
  }

  private static void four(
      int count,
      float factor,
      float[] x,
      int at,
      float[] y,
      int y0,
      int yRow,
      float[] out,
      int to) {
    int y1 = y0 + yRow;
    int y2 = y1 + yRow;
    int y3 = y2 + yRow;
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int c = 0;
    for (; c <= count - LANES; c += LANES) {
      FloatVector v = FloatVector.fromArray(F, x, at + c);
      s0 = v.fma(FloatVector.fromArray(F, y, y0 + c), s0);
      s1 = v.fma(FloatVector.fromArray(F, y, y1 + c), s1);
      s2 = v.fma(FloatVector.fromArray(F, y, y2 + c), s2);
      s3 = v.fma(FloatVector.fromArray(F, y, y3 + c), s3);
    }
    float t0 = Lanes.sum(s0);
    float t1 = Lanes.sum(s1);
    float t2 = Lanes.sum(s2);
    float t3 = Lanes.sum(s3);
    for (; c < count; c++) {
      float v = x[at + c];
      t0 = Math.fma(v, y[y0 + c], t0);
      t1 = Math.fma(v, y[y1 + c], t1);
      t2 = Math.fma(v, y[y2 + c], t2);
      t3 = Math.fma(v, y[y3 + c], t3);
    }
    out[to] = factor * t0;
    out[to + 1] = factor * t1;
    out[to + 2] = factor * t2;
    out[to + 3] = factor * t3;
  }

  private static float narrow(int count, float[] x, int at, float[] y, int yAt) {
    float total = 0;
    for (int c = 0; c < count; c++) {
      total = Math.fma(x[at + c], y[yAt + c], total);
    }
    return total;
  }

  private static float one(int count, float[] x, int at, float[] y, int yAt) {
    FloatVector sum = FloatVector.zero(F);
    int c = 0;
    for (; c <= count - LANES; c += LANES) {
      sum = FloatVector.fromArray(F, x, at + c).fma(FloatVector.fromArray(F, y, yAt + c), sum);
    }
    float total = Lanes.sum(sum);
    for (; c < count; c++) {
      total = Math.fma(x[at + c], y[yAt + c], total);
    }
    return total;
  }
}
