package nibble.kernels.attention;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/** Whole vectors of pairs; the rest of a head one pair at a time. */
final class VectorRope implements Rope {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;
  private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(F, i -> i ^ 1);

  @Override
  public void rotate(
      int b,
      int rows,
      int heads,
      int headDim,
      HeadView x,
      RopeTable table,
      int[] positions,
      int positionsOffset,
      boolean inverse) {
    RopeArguments.check(b, rows, heads, headDim, x, table, positions, positionsOffset);
    float direction = inverse ? -1 : 1;
    int width = table.width();
    for (int r = 0; r < rows; r++) {
      int at = positions[positionsOffset + r] * width;
      for (int head = 0; head < heads; head++) {
        int to = x.at(b, r, head);
        if (table.pairs() == RopeTable.Pairs.HALVES) {
          halves(width, direction, x.array(), to, table.cosines(), table.sines(), at);
        } else {
          interleaved(width, direction, x.array(), to, table.cosines(), table.sines(), at);
        }
      }
    }
  }

  private static void halves(
      int pairs, float direction, float[] x, int to, float[] cosines, float[] sines, int at) {
    int second = to + pairs;
    int i = 0;
    for (; i <= pairs - LANES; i += LANES) {
      FloatVector cosine = FloatVector.fromArray(F, cosines, at + i);
      FloatVector sine = FloatVector.fromArray(F, sines, at + i).mul(direction);
      FloatVector a = FloatVector.fromArray(F, x, to + i);
      FloatVector c = FloatVector.fromArray(F, x, second + i);
      a.fma(cosine, c.mul(sine).neg()).intoArray(x, to + i);
      c.fma(cosine, a.mul(sine)).intoArray(x, second + i);
    }
    for (; i < pairs; i++) {
      float sine = direction * sines[at + i];
      float a = x[to + i];
      float c = x[second + i];
      x[to + i] = Math.fma(a, cosines[at + i], -(c * sine));
      x[second + i] = Math.fma(c, cosines[at + i], a * sine);
    }
  }

  private static void interleaved(
      int width, float direction, float[] x, int to, float[] cosines, float[] sines, int at) {
    int i = 0;
    for (; i <= width - LANES; i += LANES) {
      FloatVector sine = FloatVector.fromArray(F, sines, at + i).mul(direction);
      FloatVector a = FloatVector.fromArray(F, x, to + i);
      a.fma(FloatVector.fromArray(F, cosines, at + i), a.rearrange(SWAP).mul(sine))
          .intoArray(x, to + i);
    }
    for (; i < width; i += 2) {
      float a = x[to + i];
      float c = x[to + i + 1];
      x[to + i] = Math.fma(a, cosines[at + i], c * (direction * sines[at + i]));
      x[to + i + 1] = Math.fma(c, cosines[at + i + 1], a * (direction * sines[at + i + 1]));
    }
  }
}
