package nibble.kernels.rowwise;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.math.VectorMath;
import nibble.kernels.platform.Lanes;
import org.jspecify.annotations.Nullable;

/** Mean and variance in two passes over a row that is then in the first-level cache. */
final class VectorLayerNorm implements LayerNorm {
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
      float @Nullable [] bias,
      float epsilon,
      float[] out,
      int outOffset,
      float @Nullable [] mean,
      float @Nullable [] inverseStd,
      int statisticsOffset) {
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      int to = outOffset + r * columns;
      float center = reductions.sum(columns, x, in) / columns;
      float inverse = (float) (1 / Math.sqrt(squares(columns, center, x, in) / columns + epsilon));
      if (gain != null && bias != null) {
        affine(columns, center, inverse, x, in, gain, bias, out, to);
      } else {
        normalize(columns, center, inverse, x, in, out, to);
        scaleAndShift(columns, gain, bias, out, to);
      }
      if (mean != null) {
        mean[statisticsOffset + r] = center;
      }
      if (inverseStd != null) {
        inverseStd[statisticsOffset + r] = inverse;
      }
    }
  }

  private static double squares(int columns, float center, float[] x, int at) {
    FloatVector s0 = FloatVector.zero(SPECIES);
    FloatVector s1 = s0;
    int i = 0;
    for (; i <= columns - 2 * W; i += 2 * W) {
      FloatVector d0 = FloatVector.fromArray(SPECIES, x, at + i).sub(center);
      FloatVector d1 = FloatVector.fromArray(SPECIES, x, at + i + W).sub(center);
      s0 = d0.fma(d0, s0);
      s1 = d1.fma(d1, s1);
    }
    float sum = Lanes.sum(s0.add(s1));
    for (; i < columns; i++) {
      float d = x[at + i] - center;
      sum = Math.fma(d, d, sum);
    }
    return sum;
  }

  private static void affine(
      int columns,
      float center,
      float inverse,
      float[] x,
      int in,
      float[] gain,
      float[] bias,
      float[] out,
      int to) {
    int i = 0;
    for (; i <= columns - W; i += W) {
      FloatVector y = FloatVector.fromArray(SPECIES, x, in + i).sub(center).mul(inverse);
      y.fma(FloatVector.fromArray(SPECIES, gain, i), FloatVector.fromArray(SPECIES, bias, i))
          .intoArray(out, to + i);
    }
    for (; i < columns; i++) {
      out[to + i] = Math.fma((x[in + i] - center) * inverse, gain[i], bias[i]);
    }
  }

  private static void normalize(
      int columns, float center, float inverse, float[] x, int in, float[] out, int to) {
    int i = 0;
    for (; i <= columns - W; i += W) {
      FloatVector.fromArray(SPECIES, x, in + i).sub(center).mul(inverse).intoArray(out, to + i);
    }
    for (; i < columns; i++) {
      out[to + i] = (x[in + i] - center) * inverse;
    }
  }

  private static void scaleAndShift(
      int columns, float @Nullable [] gain, float @Nullable [] bias, float[] out, int to) {
    Elementwise elementwise = Elementwise.best();
    if (gain != null) {
      elementwise.mul(columns, out, to, gain, 0, out, to);
    }
    if (bias != null) {
      elementwise.add(columns, out, to, bias, 0, out, to);
    }
  }

  @Override
  public void backward(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] dy,
      int dyOffset,
      float @Nullable [] gain,
      float[] mean,
      float[] inverseStd,
      int statisticsOffset,
      float[] dx,
      int dxOffset,
      float @Nullable [] dgain,
      int dgainOffset,
      float @Nullable [] dbias,
      int dbiasOffset) {
    if (dbias != null) {
      reductions.addColumnSums(rows, columns, dy, dyOffset, dbias, dbiasOffset);
    }
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      int from = dyOffset + r * columns;
      float center = mean[statisticsOffset + r];
      float inverse = inverseStd[statisticsOffset + r];
      if (dgain != null) {
        addProducts(columns, center, inverse, x, in, dy, from, dgain, dgainOffset);
      }
      row(columns, center, inverse, x, in, dy, from, gain, dx, dxOffset + r * columns);
    }
  }

  /** {@code sums += dy * y} with {@code y = (x - center) * inverse}. */
  static void addProducts(
      int columns,
      float center,
      float inverse,
      float[] x,
      int in,
      float[] dy,
      int from,
      float[] sums,
      int to) {
    int i = 0;
    for (; i <= columns - W; i += W) {
      FloatVector y = FloatVector.fromArray(SPECIES, x, in + i).sub(center).mul(inverse);
      FloatVector d = FloatVector.fromArray(SPECIES, dy, from + i);
      y.fma(d, FloatVector.fromArray(SPECIES, sums, to + i)).intoArray(sums, to + i);
    }
    for (; i < columns; i++) {
      sums[to + i] = Math.fma((x[in + i] - center) * inverse, dy[from + i], sums[to + i]);
    }
  }

  @SuppressWarnings("ReferenceEquality") // the same array, not an equal one
  private static void row(
      int columns,
      float center,
      float inverse,
      float[] x,
      int in,
      float[] dy,
      int from,
      float @Nullable [] gain,
      float[] dx,
      int to) {
    // Upstream gradient times gain goes to dx first; dx may be dy.
    if (gain == null) {
      if (dx != dy || to != from) {
        System.arraycopy(dy, from, dx, to, columns);
      }
    } else {
      Elementwise.best().mul(columns, dy, from, gain, 0, dx, to);
    }
    FloatVector sumG = FloatVector.zero(SPECIES);
    FloatVector sumGy = sumG;
    int i = 0;
    for (; i <= columns - W; i += W) {
      FloatVector g = FloatVector.fromArray(SPECIES, dx, to + i);
      sumG = sumG.add(g);
      sumGy = FloatVector.fromArray(SPECIES, x, in + i).sub(center).mul(inverse).fma(g, sumGy);
    }
    float totalG = Lanes.sum(sumG);
    float totalGy = Lanes.sum(sumGy);
    for (; i < columns; i++) {
      totalG += dx[to + i];
      totalGy = Math.fma((x[in + i] - center) * inverse, dx[to + i], totalGy);
    }
    project(columns, center, inverse, totalG / columns, totalGy / columns, x, in, dx, to);
  }

  /** {@code dx = inverse * (dx - meanG - y * meanGy)}. */
  static void project(
      int columns,
      float center,
      float inverse,
      float meanG,
      float meanGy,
      float[] x,
      int in,
      float[] dx,
      int to) {
    int i = 0;
    for (; i <= columns - W; i += W) {
      FloatVector y = FloatVector.fromArray(SPECIES, x, in + i).sub(center).mul(inverse);
      FloatVector g = FloatVector.fromArray(SPECIES, dx, to + i).sub(meanG);
      y.fma(VectorMath.broadcast(-meanGy), g).mul(inverse).intoArray(dx, to + i);
    }
    for (; i < columns; i++) {
      dx[to + i] = inverse * Math.fma((x[in + i] - center) * inverse, -meanGy, dx[to + i] - meanG);
    }
  }
}
