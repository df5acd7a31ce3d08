package nibble.kernels.rowwise;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;
import org.jspecify.annotations.Nullable;

/** Layer norm's vector loops with the center at 0. */
final class VectorRmsNorm implements RmsNorm {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;

  private final VectorReductions reductions = new VectorReductions();

  @Override
  public void forward(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float @Nullable [] gain,
      float epsilon,
      float[] out,
      int outOffset,
      float @Nullable [] inverseRms,
      int statisticsOffset) {
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      int to = outOffset + r * columns;
      float inverse =
          (float)
              (1 / Math.sqrt((double) reductions.sumOfSquares(columns, x, in) / columns + epsilon));
      if (gain == null) {
        VectorElementwise.scaleArray(columns, inverse, x, in, out, to);
      } else {
        scaleByGain(columns, inverse, x, in, gain, out, to);
      }
      if (inverseRms != null) {
        inverseRms[statisticsOffset + r] = inverse;
      }
    }
  }

  private static void scaleByGain(
      int columns, float inverse, float[] x, int in, float[] gain, float[] out, int to) {
    int i = 0;
    for (; i <= columns - W; i += W) {
      FloatVector y = FloatVector.fromArray(SPECIES, x, in + i).mul(inverse);
      y.mul(FloatVector.fromArray(SPECIES, gain, i)).intoArray(out, to + i);
    }
    for (; i < columns; i++) {
      out[to + i] = x[in + i] * inverse * gain[i];
    }
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // the same array, not an equal one
  public void backward(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] dy,
      int dyOffset,
      float @Nullable [] gain,
      float[] inverseRms,
      int statisticsOffset,
      float[] dx,
      int dxOffset,
      float @Nullable [] dgain,
      int dgainOffset) {
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      int from = dyOffset + r * columns;
      int to = dxOffset + r * columns;
      float inverse = inverseRms[statisticsOffset + r];
      if (dgain != null) {
        VectorLayerNorm.addProducts(columns, 0, inverse, x, in, dy, from, dgain, dgainOffset);
      }
      if (gain != null) {
        Elementwise.best().mul(columns, dy, from, gain, 0, dx, to);
      } else if (dx != dy || to != from) {
        System.arraycopy(dy, from, dx, to, columns);
      }
      float meanGy = inverse * reductions.dot(columns, dx, to, x, in) / columns;
      VectorLayerNorm.project(columns, 0, inverse, 0, meanGy, x, in, dx, to);
    }
  }
}
