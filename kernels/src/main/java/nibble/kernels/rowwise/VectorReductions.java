package nibble.kernels.rowwise;

import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/** Four accumulators of sums: an addition takes 3 or 4 cycles, and two start per cycle. */
final class VectorReductions implements Reductions {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final VectorSpecies<Integer> INTS = Lanes.INT;
  private static final int W = Lanes.FLOATS;

  @Override
  public float sum(int count, float[] x, int xOffset) {
    FloatVector s0 = FloatVector.broadcast(SPECIES, 0);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int i = 0;
    for (; i <= count - 4 * W; i += 4 * W) {
      s0 = s0.add(FloatVector.fromArray(SPECIES, x, xOffset + i));
      s1 = s1.add(FloatVector.fromArray(SPECIES, x, xOffset + i + W));
      s2 = s2.add(FloatVector.fromArray(SPECIES, x, xOffset + i + 2 * W));
      s3 = s3.add(FloatVector.fromArray(SPECIES, x, xOffset + i + 3 * W));
    }
    for (; i <= count - W; i += W) {
      s0 = s0.add(FloatVector.fromArray(SPECIES, x, xOffset + i));
    }
    float result = Lanes.sum(s0.add(s1).add(s2.add(s3)));
    for (; i < count; i++) {
      result += x[xOffset + i];
    }
    return result;
  }

  @Override
  public float dot(int count, float[] a, int aOffset, float[] b, int bOffset) {
    FloatVector s0 = FloatVector.broadcast(SPECIES, 0);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int i = 0;
    for (; i <= count - 4 * W; i += 4 * W) {
      s0 =
          FloatVector.fromArray(SPECIES, a, aOffset + i)
              .fma(FloatVector.fromArray(SPECIES, b, bOffset + i), s0);
      s1 =
          FloatVector.fromArray(SPECIES, a, aOffset + i + W)
              .fma(FloatVector.fromArray(SPECIES, b, bOffset + i + W), s1);
      s2 =
          FloatVector.fromArray(SPECIES, a, aOffset + i + 2 * W)
              .fma(FloatVector.fromArray(SPECIES, b, bOffset + i + 2 * W), s2);
      s3 =
          FloatVector.fromArray(SPECIES, a, aOffset + i + 3 * W)
              .fma(FloatVector.fromArray(SPECIES, b, bOffset + i + 3 * W), s3);
    }
    for (; i <= count - W; i += W) {
      s0 =
          FloatVector.fromArray(SPECIES, a, aOffset + i)
              .fma(FloatVector.fromArray(SPECIES, b, bOffset + i), s0);
    }
    float result = Lanes.sum(s0.add(s1).add(s2.add(s3)));
    for (; i < count; i++) {
      result = Math.fma(a[aOffset + i], b[bOffset + i], result);
    }
    return result;
  }

  @Override
  public float sumOfSquares(int count, float[] x, int xOffset) {
    return dot(count, x, xOffset, x, xOffset);
  }

  @Override
  public float squaredDistance(int count, float[] a, int aOffset, float[] b, int bOffset) {
    FloatVector s0 = FloatVector.broadcast(SPECIES, 0);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int i = 0;
    for (; i <= count - 4 * W; i += 4 * W) {
      FloatVector d0 =
          FloatVector.fromArray(SPECIES, a, aOffset + i)
              .sub(FloatVector.fromArray(SPECIES, b, bOffset + i));
      s0 = d0.fma(d0, s0);
      FloatVector d1 =
          FloatVector.fromArray(SPECIES, a, aOffset + i + W)
              .sub(FloatVector.fromArray(SPECIES, b, bOffset + i + W));
      s1 = d1.fma(d1, s1);
      FloatVector d2 =
          FloatVector.fromArray(SPECIES, a, aOffset + i + 2 * W)
              .sub(FloatVector.fromArray(SPECIES, b, bOffset + i + 2 * W));
      s2 = d2.fma(d2, s2);
      FloatVector d3 =
          FloatVector.fromArray(SPECIES, a, aOffset + i + 3 * W)
              .sub(FloatVector.fromArray(SPECIES, b, bOffset + i + 3 * W));
      s3 = d3.fma(d3, s3);
    }
    for (; i <= count - W; i += W) {
      FloatVector d0 =
          FloatVector.fromArray(SPECIES, a, aOffset + i)
              .sub(FloatVector.fromArray(SPECIES, b, bOffset + i));
      s0 = d0.fma(d0, s0);
    }
    float result = Lanes.sum(s0.add(s1).add(s2.add(s3)));
    for (; i < count; i++) {
      float d = a[aOffset + i] - b[bOffset + i];
      result = Math.fma(d, d, result);
    }
    return result;
  }

  /**
   * The bits of absolute values are ordered as the values are, with NaN above all; of ints the
   * maximum is one instruction.
   */
  @Override
  public float maxAbs(int count, float[] x, int xOffset) {
    IntVector m0 = IntVector.zero(INTS);
    IntVector m1 = m0;
    int i = 0;
    for (; i <= count - 2 * W; i += 2 * W) {
      m0 =
          m0.max(
              FloatVector.fromArray(SPECIES, x, xOffset + i)
                  .reinterpretAsInts()
                  .and(Integer.MAX_VALUE));
      m1 =
          m1.max(
              FloatVector.fromArray(SPECIES, x, xOffset + i + W)
                  .reinterpretAsInts()
                  .and(Integer.MAX_VALUE));
    }
    for (; i <= count - W; i += W) {
      m0 =
          m0.max(
              FloatVector.fromArray(SPECIES, x, xOffset + i)
                  .reinterpretAsInts()
                  .and(Integer.MAX_VALUE));
    }
    float result = Float.intBitsToFloat(m0.max(m1).reduceLanes(MAX));
    for (; i < count; i++) {
      result = Math.max(result, Math.abs(x[xOffset + i]));
    }
    return result;
  }

  @Override
  public float min(int count, float[] x, int xOffset) {
    FloatVector s0 = FloatVector.broadcast(SPECIES, Float.POSITIVE_INFINITY);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int i = 0;
    for (; i <= count - 4 * W; i += 4 * W) {
      s0 = s0.min(FloatVector.fromArray(SPECIES, x, xOffset + i));
      s1 = s1.min(FloatVector.fromArray(SPECIES, x, xOffset + i + W));
      s2 = s2.min(FloatVector.fromArray(SPECIES, x, xOffset + i + 2 * W));
      s3 = s3.min(FloatVector.fromArray(SPECIES, x, xOffset + i + 3 * W));
    }
    for (; i <= count - W; i += W) {
      s0 = s0.min(FloatVector.fromArray(SPECIES, x, xOffset + i));
    }
    float result = s0.min(s1).min(s2.min(s3)).reduceLanes(MIN);
    for (; i < count; i++) {
      result = Math.min(result, x[xOffset + i]);
    }
    return result;
  }

  @Override
  public float max(int count, float[] x, int xOffset) {
    FloatVector s0 = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int i = 0;
    for (; i <= count - 4 * W; i += 4 * W) {
      s0 = s0.max(FloatVector.fromArray(SPECIES, x, xOffset + i));
      s1 = s1.max(FloatVector.fromArray(SPECIES, x, xOffset + i + W));
      s2 = s2.max(FloatVector.fromArray(SPECIES, x, xOffset + i + 2 * W));
      s3 = s3.max(FloatVector.fromArray(SPECIES, x, xOffset + i + 3 * W));
    }
    for (; i <= count - W; i += W) {
      s0 = s0.max(FloatVector.fromArray(SPECIES, x, xOffset + i));
    }
    float result = s0.max(s1).max(s2.max(s3)).reduceLanes(MAX);
    for (; i < count; i++) {
      result = Math.max(result, x[xOffset + i]);
    }
    return result;
  }

  /** Four rows per pass, so that the sums are loaded and stored once for four additions. */
  @Override
  public void addColumnSums(
      int rows, int columns, float[] x, int xOffset, float[] sums, int sumsOffset) {
    int r = 0;
    for (; r <= rows - 4; r += 4) {
      addFourRows(columns, x, xOffset + r * columns, sums, sumsOffset);
    }
    for (; r < rows; r++) {
      addRow(columns, x, xOffset + r * columns, sums, sumsOffset);
    }
  }

  private static void addFourRows(int columns, float[] x, int at, float[] sums, int to) {
    int at1 = at + columns;
    int at2 = at + 2 * columns;
    int at3 = at + 3 * columns;
    int i = 0;
    for (; i <= columns - W; i += W) {
      FloatVector low =
          FloatVector.fromArray(SPECIES, x, at + i).add(FloatVector.fromArray(SPECIES, x, at1 + i));
      FloatVector high =
          FloatVector.fromArray(SPECIES, x, at2 + i)
              .add(FloatVector.fromArray(SPECIES, x, at3 + i));
      FloatVector.fromArray(SPECIES, sums, to + i).add(low.add(high)).intoArray(sums, to + i);
    }
    for (; i < columns; i++) {
      sums[to + i] += (x[at + i] + x[at1 + i]) + (x[at2 + i] + x[at3 + i]);
    }
  }

  private static void addRow(int columns, float[] x, int at, float[] sums, int to) {
    int i = 0;
    for (; i <= columns - W; i += W) {
      FloatVector.fromArray(SPECIES, sums, to + i)
          .add(FloatVector.fromArray(SPECIES, x, at + i))
          .intoArray(sums, to + i);
    }
    for (; i < columns; i++) {
      sums[to + i] += x[at + i];
    }
  }

  @Override
  public void columnMaxAbs(
      int rows, int columns, float[] x, int xOffset, float[] maxima, int maximaOffset) {
    for (int r = 0; r < rows; r++) {
      int at = xOffset + r * columns;
      int i = 0;
      for (; i <= columns - W; i += W) {
        FloatVector value = FloatVector.fromArray(SPECIES, x, at + i).abs();
        FloatVector.fromArray(SPECIES, maxima, maximaOffset + i)
            .max(value)
            .intoArray(maxima, maximaOffset + i);
      }
      for (; i < columns; i++) {
        maxima[maximaOffset + i] = Math.max(maxima[maximaOffset + i], Math.abs(x[at + i]));
      }
    }
  }

  @Override
  public void columnMinMax(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] minima,
      int minimaOffset,
      float[] maxima,
      int maximaOffset) {
    for (int r = 0; r < rows; r++) {
      int at = xOffset + r * columns;
      int i = 0;
      for (; i <= columns - W; i += W) {
        FloatVector value = FloatVector.fromArray(SPECIES, x, at + i);
        FloatVector.fromArray(SPECIES, minima, minimaOffset + i)
            .min(value)
            .intoArray(minima, minimaOffset + i);
        FloatVector.fromArray(SPECIES, maxima, maximaOffset + i)
            .max(value)
            .intoArray(maxima, maximaOffset + i);
      }
      for (; i < columns; i++) {
        minima[minimaOffset + i] = Math.min(minima[minimaOffset + i], x[at + i]);
        maxima[maximaOffset + i] = Math.max(maxima[maximaOffset + i], x[at + i]);
      }
    }
  }
}
