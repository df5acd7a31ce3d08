package nibble.kernels.lowbit;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * {@link RowLevels#levels} by vectors, equal to the bit: adding and subtracting 1.5 * 2^23 rounds half to even.
 *
 * <p>A division takes four times as long as all else. {@code x * (1 / scale)}, with three roundings in all, lies within {@code 3 * 2^-24 |x /
 * scale|} of the rounded quotient: less than {@link #UNSURE} for levels of up to 8 bits. So where it is no nearer than that to the middle
 * between two integers, both round to the same one; the few vectors with a lane that is nearer divide.
 */
final class VectorRowLevels {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final float ROUND = 0x1.8p23f;
  private static final float UNSURE = 0x1p-13f;

  /** A scale between these has a reciprocal with all its bits. */
  private static final float LEAST_SCALE = 0x1p-120f;

  private static final float MOST_SCALE = 0x1p120f;

  private VectorRowLevels() {}

  static void levels(int n, float[] x, int xOffset, float scale, float least, float most, float offset, float[] levels, int levelsAt) {
    int whole = F.loopBound(n);
    if (scale > LEAST_SCALE && scale < MOST_SCALE) {
      products(whole, x, xOffset, scale, least, most, offset, levels, levelsAt);
    } else {
      quotients(whole, x, xOffset, scale, least, most, offset, levels, levelsAt);
    }
    RowLevels.levels(n - whole, x, xOffset + whole, scale, least, most, offset, levels, levelsAt + whole);
  }

  private static void products(int n, float[] x, int at, float scale, float least, float most, float offset, float[] levels, int to) {
    float inverse = 1 / scale;
    for (int i = 0; i < n; i += Lanes.FLOATS) {
      FloatVector step = FloatVector.fromArray(F, x, at + i).mul(inverse);
      step = step.blend(least, step.compare(LT, least));
      step = step.blend(most, step.compare(GT, most));
      FloatVector number = step.add(ROUND).sub(ROUND);
      if (step.sub(number).abs().compare(LT, 0.5f - UNSURE).allTrue()) { // not for NaN
        number.sub(offset).intoArray(levels, to + i);
      } else {
        quotients(Lanes.FLOATS, x, at + i, scale, least, most, offset, levels, to + i);
      }
    }
  }

  private static void quotients(int n, float[] x, int at, float scale, float least, float most, float offset, float[] levels, int to) {
    for (int i = 0; i < n; i += Lanes.FLOATS) {
      FloatVector step = FloatVector.fromArray(F, x, at + i).div(scale);
      step = step.blend(least, step.compare(LT, least));
      step = step.blend(most, step.compare(GT, most));
      FloatVector number = FloatVector.zero(F).blend(step, step.compare(EQ, step));
      number.add(ROUND).sub(ROUND).sub(offset).intoArray(levels, to + i);
    }
  }
}
