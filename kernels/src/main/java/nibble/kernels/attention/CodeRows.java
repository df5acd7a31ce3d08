package nibble.kernels.attention;

import static jdk.incubator.vector.VectorOperators.F2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/** Rows of floats as codes, as {@link SmoothedScores} and {@link ScalarCodes} say. */
final class CodeRows {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;

  private CodeRows() {}

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
}
