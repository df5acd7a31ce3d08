package nibble.kernels.rowwise;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/** The operations of {@link ScalarAdamW} in the same order: results are equal to the bit. */
final class VectorAdamW implements AdamW {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;

  private final ScalarAdamW scalar = new ScalarAdamW();

  @Override
  public void update(
      Step step,
      int count,
      float[] w,
      int wOffset,
      float[] g,
      int gOffset,
      float[] m,
      int mOffset,
      float[] v,
      int vOffset) {
    float beta1 = (float) step.beta1();
    float rest1 = (float) (1 - step.beta1());
    float beta2 = (float) step.beta2();
    float rest2 = (float) (1 - step.beta2());
    float epsilon = (float) step.epsilon();
    float shrink = step.shrink();
    float rate = step.correctedRate();
    float root = step.rootCorrection();
    int i = 0;
    for (; i <= count - W; i += W) {
      FloatVector gradient = FloatVector.fromArray(SPECIES, g, gOffset + i);
      FloatVector first =
          FloatVector.fromArray(SPECIES, m, mOffset + i).mul(beta1).add(gradient.mul(rest1));
      FloatVector second =
          FloatVector.fromArray(SPECIES, v, vOffset + i)
              .mul(beta2)
              .add(gradient.mul(rest2).mul(gradient));
      first.intoArray(m, mOffset + i);
      second.intoArray(v, vOffset + i);
      FloatVector change = first.mul(rate).div(second.sqrt().mul(root).add(epsilon));
      FloatVector.fromArray(SPECIES, w, wOffset + i)
          .mul(shrink)
          .sub(change)
          .intoArray(w, wOffset + i);
    }
    scalar.update(step, count - i, w, wOffset + i, g, gOffset + i, m, mOffset + i, v, vOffset + i);
  }
}
