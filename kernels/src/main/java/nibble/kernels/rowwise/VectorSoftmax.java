package nibble.kernels.rowwise;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.math.VectorMath;
import nibble.kernels.platform.Lanes;

/**
 * Three passes per row: maximum; exponentials, stored and summed; scaling. The last vector of a row
 * overlaps the one before it and is loaded first. Rows shorter than a vector go to the scalar
 * kernel.
 */
final class VectorSoftmax implements Softmax {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;

  /**
   * Zeros, then ones: loaded W - k elements from the start, it drops k lanes that are already in a
   * sum.
   */
  private static final float[] KEEP = keep();

  private final Softmax scalar = new ScalarSoftmax();
  private final VectorReductions reductions = new VectorReductions();

  @Override
  public void forward(int rows, int columns, float[] x, int xOffset, float[] out, int outOffset) {
    if (columns < W) {
      scalar.forward(rows, columns, x, xOffset, out, outOffset);
      return;
    }
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      int to = outOffset + r * columns;
      float max = reductions.max(columns, x, in);
      if (max == Float.NEGATIVE_INFINITY) {
        Arrays.fill(out, to, to + columns, 0f);
      } else {
        VectorElementwise.scaleArray(
            columns, 1 / storeExp(columns, max, x, in, out, to), out, to, out, to);
      }
    }
  }

  @Override
  public void backward(
      int rows,
      int columns,
      float[] p,
      int pOffset,
      float[] dp,
      int dpOffset,
      float[] dx,
      int dxOffset) {
    for (int r = 0; r < rows; r++) {
      int row = r * columns;
      float sum = reductions.dot(columns, p, pOffset + row, dp, dpOffset + row);
      backwardRow(columns, sum, p, pOffset + row, dp, dpOffset + row, dx, dxOffset + row);
    }
  }

  @Override
  public void logForward(
      int rows, int columns, float[] x, int xOffset, float[] out, int outOffset) {
    if (columns < W) {
      scalar.logForward(rows, columns, x, xOffset, out, outOffset);
      return;
    }
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      int to = outOffset + r * columns;
      float max = reductions.max(columns, x, in);
      if (max == Float.NEGATIVE_INFINITY) {
        Arrays.fill(out, to, to + columns, Float.NEGATIVE_INFINITY);
      } else {
        subtract(columns, max, (float) Math.log(sumExp(columns, max, x, in)), x, in, out, to);
      }
    }
  }

  @Override
  public void logBackward(
      int rows,
      int columns,
      float[] y,
      int yOffset,
      float[] dy,
      int dyOffset,
      float[] dx,
      int dxOffset) {
    if (columns < W) {
      scalar.logBackward(rows, columns, y, yOffset, dy, dyOffset, dx, dxOffset);
      return;
    }
    for (int r = 0; r < rows; r++) {
      int row = r * columns;
      float sum = reductions.sum(columns, dy, dyOffset + row);
      logBackwardRow(columns, sum, y, yOffset + row, dy, dyOffset + row, dx, dxOffset + row);
    }
  }

  // One exponential in each loop, the last vector included: a second one would exceed what the
  // compiler inlines, and vectors would be allocated.

  private static float storeExp(int columns, float max, float[] x, int in, float[] out, int to) {
    FloatVector last = FloatVector.fromArray(SPECIES, x, in + columns - W);
    FloatVector sum = FloatVector.zero(SPECIES);
    for (int i = 0; i < columns; i += W) {
      int at = Math.min(i, columns - W);
      FloatVector v = at == i ? FloatVector.fromArray(SPECIES, x, in + i) : last;
      FloatVector e = VectorMath.expOfNegative(v.sub(max));
      e.intoArray(out, to + at);
      sum = e.fma(FloatVector.fromArray(SPECIES, KEEP, Math.min(W, columns - i)), sum);
    }
    return Lanes.sum(sum);
  }

  private static float sumExp(int columns, float max, float[] x, int in) {
    FloatVector sum = FloatVector.zero(SPECIES);
    for (int i = 0; i < columns; i += W) {
      FloatVector e =
          VectorMath.expOfNegative(
              FloatVector.fromArray(SPECIES, x, in + Math.min(i, columns - W)).sub(max));
      sum = e.fma(FloatVector.fromArray(SPECIES, KEEP, Math.min(W, columns - i)), sum);
    }
    return Lanes.sum(sum);
  }

  /** {@code out = (x - max) - logSum}: two roundings, but no large intermediate value. */
  private static void subtract(
      int columns, float max, float logSum, float[] x, int in, float[] out, int to) {
    int i = 0;
    for (; i <= columns - W; i += W) {
      FloatVector.fromArray(SPECIES, x, in + i).sub(max).sub(logSum).intoArray(out, to + i);
    }
    for (; i < columns; i++) {
      out[to + i] = x[in + i] - max - logSum;
    }
  }

  private static void backwardRow(
      int columns, float sum, float[] p, int pAt, float[] dp, int dpAt, float[] dx, int dxAt) {
    int i = 0;
    for (; i <= columns - W; i += W) {
      FloatVector d = FloatVector.fromArray(SPECIES, dp, dpAt + i).sub(sum);
      d.mul(FloatVector.fromArray(SPECIES, p, pAt + i)).intoArray(dx, dxAt + i);
    }
    for (; i < columns; i++) {
      dx[dxAt + i] = p[pAt + i] * (dp[dpAt + i] - sum);
    }
  }

  private static void logBackwardRow(
      int columns, float sum, float[] y, int yAt, float[] dy, int dyAt, float[] dx, int dxAt) {
    FloatVector last = FloatVector.fromArray(SPECIES, y, yAt + columns - W);
    FloatVector lastUpstream = FloatVector.fromArray(SPECIES, dy, dyAt + columns - W);
    for (int i = 0; i < columns; i += W) {
      int at = Math.min(i, columns - W);
      FloatVector p =
          VectorMath.expOfNegative(at == i ? FloatVector.fromArray(SPECIES, y, yAt + i) : last);
      FloatVector upstream = at == i ? FloatVector.fromArray(SPECIES, dy, dyAt + i) : lastUpstream;
      p.fma(VectorMath.broadcast(-sum), upstream).intoArray(dx, dxAt + at);
    }
  }

  private static float[] keep() {
    float[] keep = new float[2 * W];
    Arrays.fill(keep, W, 2 * W, 1);
    return keep;
  }
}
