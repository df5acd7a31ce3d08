package nibble.kernels.lowbit;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * {@link RowLevels#levels} by vectors, equal to the bit: adding and subtracting 1.5 * 2^23 rounds
 * half to even.
 */
final class VectorRowLevels {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final float ROUND = 0x1.8p23f;

  private VectorRowLevels() {}

  static void levels(
      int n,
      float[] x,
      int xOffset,
      float scale,
      float least,
      float most,
      float offset,
      float[] levels,
      int levelsAt) {
    int whole = F.loopBound(n);
    for (int i = 0; i < whole; i += Lanes.FLOATS) {
      FloatVector step = FloatVector.fromArray(F, x, xOffset + i).div(scale);
      step = step.blend(least, step.compare(LT, least));
      step = step.blend(most, step.compare(GT, most));
      FloatVector number = FloatVector.zero(F).blend(step, step.compare(EQ, step));
      number.add(ROUND).sub(ROUND).sub(offset).intoArray(levels, levelsAt + i);
    }
    RowLevels.levels(
        n - whole, x, xOffset + whole, scale, least, most, offset, levels, levelsAt + whole);
  }
}
