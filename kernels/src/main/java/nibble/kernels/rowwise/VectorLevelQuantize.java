package nibble.kernels.rowwise;

import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.NE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * Goes through the thresholds from below and takes the level above each one that is reached: two
 * instructions a threshold for as many elements as a register holds, without a branch. Four
 * registers of elements share what is loaded. Tables of more thresholds than that is worth go to
 * the scalar kernel, which looks up where to begin.
 */
final class VectorLevelQuantize implements LevelQuantize {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;

  /** Thresholds up to which going through all of them is faster than looking up. */
  private static final int MOST_THRESHOLDS = 4 * W;

  private final LevelQuantize scalar = new ScalarLevelQuantize();

  @Override
  public void fakeQuantize(
      int count,
      float factor,
      float[] x,
      int xOffset,
      LevelTable table,
      float[] out,
      int outOffset) {
    float[] levels = table.sharedLevels();
    float[] thresholds = table.sharedThresholds();
    int done = 0;
    if (thresholds.length <= MOST_THRESHOLDS) {
      done = count / (4 * W) * (4 * W);
      for (int i = 0; i < done; i += 4 * W) {
        four(factor, x, xOffset + i, thresholds, levels, out, outOffset + i);
      }
      for (; done <= count - W; done += W) {
        one(factor, x, xOffset + done, thresholds, levels, out, outOffset + done);
      }
    }
    scalar.fakeQuantize(count - done, factor, x, xOffset + done, table, out, outOffset + done);
  }

  private static void four(
      float factor, float[] x, int at, float[] thresholds, float[] levels, float[] out, int to) {
    FloatVector x0 = FloatVector.fromArray(F, x, at).mul(factor);
    FloatVector x1 = FloatVector.fromArray(F, x, at + W).mul(factor);
    FloatVector x2 = FloatVector.fromArray(F, x, at + 2 * W).mul(factor);
    FloatVector x3 = FloatVector.fromArray(F, x, at + 3 * W).mul(factor);
    FloatVector y0 = FloatVector.broadcast(F, levels[0]);
    FloatVector y1 = y0;
    FloatVector y2 = y0;
    FloatVector y3 = y0;
    for (int k = 0; k < thresholds.length; k++) {
      FloatVector threshold = FloatVector.broadcast(F, thresholds[k]);
      FloatVector level = FloatVector.broadcast(F, levels[k + 1]);
      y0 = y0.blend(level, x0.compare(GE, threshold));
      y1 = y1.blend(level, x1.compare(GE, threshold));
      y2 = y2.blend(level, x2.compare(GE, threshold));
      y3 = y3.blend(level, x3.compare(GE, threshold));
    }
    y0.blend(x0, x0.compare(NE, x0)).intoArray(out, to);
    y1.blend(x1, x1.compare(NE, x1)).intoArray(out, to + W);
    y2.blend(x2, x2.compare(NE, x2)).intoArray(out, to + 2 * W);
    y3.blend(x3, x3.compare(NE, x3)).intoArray(out, to + 3 * W);
  }

  private static void one(
      float factor, float[] x, int at, float[] thresholds, float[] levels, float[] out, int to) {
    FloatVector v = FloatVector.fromArray(F, x, at).mul(factor);
    FloatVector y = FloatVector.broadcast(F, levels[0]);
    for (int k = 0; k < thresholds.length; k++) {
      y =
          y.blend(
              FloatVector.broadcast(F, levels[k + 1]),
              v.compare(GE, FloatVector.broadcast(F, thresholds[k])));
    }
    y.blend(v, v.compare(NE, v)).intoArray(out, to);
  }
}
