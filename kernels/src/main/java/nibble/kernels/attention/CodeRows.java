package nibble.kernels.attention;

import static jdk.incubator.vector.VectorOperators.F2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * The steps from rows of floats to codes, as {@link SmoothedScores} and {@link ScalarCodes} say.
 */
final class CodeRows {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;

  private CodeRows() {}

  /** {@code sums += x}. */
  static void add(int count, float[] x, int at, float[] sums, int to) {
    int c = 0;
    for (; c <= count - LANES; c += LANES) {
      FloatVector.fromArray(F, sums, to + c)
          .add(FloatVector.fromArray(F, x, at + c))
          .intoArray(sums, to + c);
    }
    for (; c < count; c++) {
      sums[to + c] += x[at + c];
    }
  }

  /** {@code out = x - m}. */
  static void subtract(int count, float[] x, int at, float[] m, int mAt, float[] out, int to) {
    int c = 0;
    for (; c <= count - LANES; c += LANES) {
      FloatVector.fromArray(F, x, at + c)
          .sub(FloatVector.fromArray(F, m, mAt + c))
          .intoArray(out, to + c);
    }
    for (; c < count; c++) {
      out[to + c] = x[at + c] - m[mAt + c];
    }
  }

  /** The largest size, or NaN if there is one. */
  static float largest(int count, float[] x, int at) {
    FloatVector most = FloatVector.zero(F);
    int c = 0;
    for (; c <= count - LANES; c += LANES) {
      most = most.max(FloatVector.fromArray(F, x, at + c).abs());
    }
    float largest = most.reduceLanes(MAX);
    for (; c < count; c++) {
      largest = Math.max(largest, Math.abs(x[at + c]));
    }
    return largest;
  }

  /** {@code out = code(x)}, see {@link SmoothedScores#code}. */
  static void codes(int count, float inverse, float[] x, int at, float[] out, int to) {
    int c = 0;
    for (; c <= count - LANES; c += LANES) {
      FloatVector steps = FloatVector.fromArray(F, x, at + c).mul(inverse);
      IntVector whole = (IntVector) steps.abs().add(0.5f).convert(F2I, 0);
      FloatVector code = (FloatVector) whole.convert(I2F, 0);
      code.blend(code.neg(), steps.compare(LT, 0)).intoArray(out, to + c);
    }
    for (; c < count; c++) {
      out[to + c] = SmoothedScores.code(x[at + c], inverse);
    }
  }

  /** The sum of sizes of codes, exact. */
  static int sizes(int count, float[] codes, int at) {
    FloatVector sum = FloatVector.zero(F);
    int c = 0;
    for (; c <= count - LANES; c += LANES) {
      sum = sum.add(FloatVector.fromArray(F, codes, at + c).abs());
    }
    float total = Lanes.sum(sum);
    for (; c < count; c++) {
      total += Math.abs(codes[at + c]);
    }
    return (int) total;
  }

  /** {@code out[j] = factor * (x . y_j)} for rows {@code y_j} that follow one another. */
  static void dots(
      int count,
      float factor,
      float[] x,
      int at,
      int rows,
      float[] y,
      int yAt,
      float[] out,
      int to) {
    int j = 0;
    for (; j <= rows - 4; j += 4) {
      fourDots(count, factor, x, at, y, yAt + j * count, out, to + j);
    }
    for (; j < rows; j++) {
      out[to + j] = factor * dot(count, x, at, y, yAt + j * count);
    }
  }

  private static void fourDots(
      int count, float factor, float[] x, int at, float[] y, int y0, float[] out, int to) {
    int y1 = y0 + count;
    int y2 = y1 + count;
    int y3 = y2 + count;
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
      t0 = Math.fma(x[at + c], y[y0 + c], t0);
      t1 = Math.fma(x[at + c], y[y1 + c], t1);
      t2 = Math.fma(x[at + c], y[y2 + c], t2);
      t3 = Math.fma(x[at + c], y[y3 + c], t3);
    }
    out[to] = factor * t0;
    out[to + 1] = factor * t1;
    out[to + 2] = factor * t2;
    out[to + 3] = factor * t3;
  }

  private static float dot(int count, float[] x, int at, float[] y, int yAt) {
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
