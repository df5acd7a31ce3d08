package nibble.kernels.rowwise;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.F2I;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.XOR;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.math.VectorMath;
import nibble.kernels.platform.Lanes;
import org.jspecify.annotations.Nullable;

/**
 * The operations of {@link ScalarQuantize} in the same order: results are equal to the bit.
 * Rounding adds and subtracts 1.5 * 2^23, which rounds half to even because the clamped value is
 * far below 2^22.
 */
final class VectorQuantize implements Quantize {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;
  private static final float ROUND = 0x1.8p23f;

  /** Bits of infinity; those of NaN without its sign are more. */
  private static final int INFINITY = 0x7F80_0000;

  /**
   * One byte per float; eight where a register holds four floats, since there is no shorter byte
   * vector.
   */
  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * W)));

  private final Reductions reductions = new VectorReductions();

  @Override
  public void symmetricScales(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      CodeRange range,
      float clip,
      float[] scales,
      int scalesOffset) {
    int groups = Grids.groups(columns, groupSize);
    for (int r = 0; r < rows; r++) {
      for (int g = 0; g < groups; g++) {
        int from = g * groupSize;
        float maxAbs =
            reductions.maxAbs(Math.min(groupSize, columns - from), x, xOffset + r * columns + from);
        scales[scalesOffset + r * groups + g] = Grids.symmetricScale(maxAbs, range, clip);
      }
    }
  }

  @Override
  public void asymmetricScales(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      CodeRange range,
      float clip,
      float[] scales,
      int scalesOffset,
      float[] zeroPoints,
      int zeroPointsOffset) {
    int groups = Grids.groups(columns, groupSize);
    for (int r = 0; r < rows; r++) {
      for (int g = 0; g < groups; g++) {
        int from = g * groupSize;
        int at = xOffset + r * columns + from;
        int count = Math.min(groupSize, columns - from);
        int group = r * groups + g;
        extremes(count, x, at, scales, scalesOffset + group, zeroPoints, zeroPointsOffset + group);
        Grids.asymmetricScale(
            scales[scalesOffset + group],
            zeroPoints[zeroPointsOffset + group],
            range,
            clip,
            scales,
            scalesOffset + group,
            zeroPoints,
            zeroPointsOffset + group);
      }
    }
  }

  /**
   * The smallest of zero and {@code count} elements to {@code min[minAt]}, the largest to {@code
   * max[maxAt]}; of NaN if there is one. As ints, with the other bits of negative numbers turned
   * over: these are ordered as the floats are, and their minimum is one instruction.
   */
  private static void extremes(
      int count, float[] x, int at, float[] min, int minAt, float[] max, int maxAt) {
    IntVector least = IntVector.zero(Lanes.INT);
    IntVector most = least;
    IntVector mostAbs = least;
    int i = 0;
    for (; i <= count - W; i += W) {
      IntVector bits = FloatVector.fromArray(SPECIES, x, at + i).reinterpretAsInts();
      IntVector ordered = bits.lanewise(ASHR, 31).and(Integer.MAX_VALUE).lanewise(XOR, bits);
      least = least.min(ordered);
      most = most.max(ordered);
      mostAbs = mostAbs.max(bits.and(Integer.MAX_VALUE));
    }
    boolean isNaN = mostAbs.reduceLanes(MAX) > INFINITY;
    int lowest = least.reduceLanes(MIN);
    float low =
        isNaN ? Float.NaN : Float.intBitsToFloat(lowest < 0 ? lowest ^ Integer.MAX_VALUE : lowest);
    float high = isNaN ? Float.NaN : Float.intBitsToFloat(most.reduceLanes(MAX));
    for (; i < count; i++) {
      low = Math.min(low, x[at + i]);
      high = Math.max(high, x[at + i]);
    }
    min[minAt] = low;
    max[maxAt] = high;
  }

  @Override
  public void toBytes(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      byte[] codes,
      int codesOffset) {
    int groups = Grids.groups(columns, groupSize);
    for (int group = 0; group < rows * groups; group++) {
      int from = group / groups * columns + group % groups * groupSize;
      int count = Math.min(groupSize, columns - group % groups * groupSize);
      float z = Grids.zeroPoint(zeroPoints, zeroPointsOffset + group);
      bytes(
          count,
          x,
          xOffset + from,
          scales[scalesOffset + group],
          z,
          range.min() - z,
          range.max() - z,
          codes,
          codesOffset + from);
    }
  }

  @Override
  public void toFloats(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] codes,
      int codesOffset) {
    int groups = Grids.groups(columns, groupSize);
    for (int group = 0; group < rows * groups; group++) {
      int from = group / groups * columns + group % groups * groupSize;
      int count = Math.min(groupSize, columns - group % groups * groupSize);
      float z = Grids.zeroPoint(zeroPoints, zeroPointsOffset + group);
      floats(
          count,
          x,
          xOffset + from,
          scales[scalesOffset + group],
          z,
          range.min() - z,
          range.max() - z,
          codes,
          codesOffset + from);
    }
  }

  @Override
  public void fakeQuantize(
      int rows,
      int columns,
      int groupSize,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] out,
      int outOffset) {
    int groups = Grids.groups(columns, groupSize);
    for (int group = 0; group < rows * groups; group++) {
      int from = group / groups * columns + group % groups * groupSize;
      int count = Math.min(groupSize, columns - group % groups * groupSize);
      float z = Grids.zeroPoint(zeroPoints, zeroPointsOffset + group);
      fake(
          count,
          x,
          xOffset + from,
          scales[scalesOffset + group],
          z,
          range.min() - z,
          range.max() - z,
          out,
          outOffset + from);
    }
  }

  @Override
  public void fakeQuantizeColumns(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] out,
      int outOffset) {
    FloatVector zero = FloatVector.zero(SPECIES);
    for (int r = 0; r < rows; r++) {
      int in = xOffset + r * columns;
      int to = outOffset + r * columns;
      int c = 0;
      for (; c <= columns - W; c += W) {
        FloatVector s = FloatVector.fromArray(SPECIES, scales, scalesOffset + c);
        FloatVector z =
            zeroPoints == null
                ? zero
                : FloatVector.fromArray(SPECIES, zeroPoints, zeroPointsOffset + c);
        FloatVector step = FloatVector.fromArray(SPECIES, x, in + c).div(s);
        FloatVector least = z.neg().add(range.min());
        FloatVector most = z.neg().add(range.max());
        step = step.blend(least, step.compare(LT, least));
        step = step.blend(most, step.compare(GT, most));
        step.add(ROUND).sub(ROUND).add(z).sub(z).mul(s).intoArray(out, to + c);
      }
      for (; c < columns; c++) {
        float z = Grids.zeroPoint(zeroPoints, zeroPointsOffset + c);
        float s = scales[scalesOffset + c];
        out[to + c] =
            s * (ScalarQuantize.code(x[in + c], s, z, range.min() - z, range.max() - z) - z);
      }
    }
  }

  @Override
  public void dequantize(
      int rows,
      int columns,
      int groupSize,
      byte[] codes,
      int codesOffset,
      float[] scales,
      int scalesOffset,
      float @Nullable [] zeroPoints,
      int zeroPointsOffset,
      CodeRange range,
      float[] out,
      int outOffset) {
    int groups = Grids.groups(columns, groupSize);
    int mask = range.isUnsignedByte() ? 0xFF : -1;
    for (int group = 0; group < rows * groups; group++) {
      int from = group / groups * columns + group % groups * groupSize;
      int count = Math.min(groupSize, columns - group % groups * groupSize);
      float z = Grids.zeroPoint(zeroPoints, zeroPointsOffset + group);
      real(
          count,
          codes,
          codesOffset + from,
          mask,
          scales[scalesOffset + group],
          z,
          out,
          outOffset + from);
    }
  }

  /** The code of each lane. */
  private static FloatVector code(FloatVector x, float s, float z, float min, float max) {
    return round(VectorMath.atMost(VectorMath.atLeast(x.div(s), min), max)).add(z);
  }

  private static FloatVector round(FloatVector step) {
    return step.add(ROUND).sub(ROUND);
  }

  private static void floats(
      int count, float[] x, int at, float s, float z, float min, float max, float[] codes, int to) {
    int i = 0;
    for (; i <= count - W; i += W) {
      code(FloatVector.fromArray(SPECIES, x, at + i), s, z, min, max).intoArray(codes, to + i);
    }
    for (; i < count; i++) {
      codes[to + i] = ScalarQuantize.code(x[at + i], s, z, min, max);
    }
  }

  private static void fake(
      int count, float[] x, int at, float s, float z, float min, float max, float[] out, int to) {
    int i = 0;
    for (; i <= count - W; i += W) {
      code(FloatVector.fromArray(SPECIES, x, at + i), s, z, min, max)
          .sub(z)
          .mul(s)
          .intoArray(out, to + i);
    }
    for (; i < count; i++) {
      out[to + i] = s * (ScalarQuantize.code(x[at + i], s, z, min, max) - z);
    }
  }

  private static void bytes(
      int count, float[] x, int at, float s, float z, float min, float max, byte[] codes, int to) {
    int i = 0;
    if (BYTES.length() == W) {
      for (; i <= count - W; i += W) {
        IntVector code =
            (IntVector)
                code(FloatVector.fromArray(SPECIES, x, at + i), s, z, min, max)
                    .convertShape(F2I, Lanes.INT, 0);
        ((ByteVector) code.convertShape(I2B, BYTES, 0)).intoArray(codes, to + i);
      }
    }
    for (; i < count; i++) {
      codes[to + i] = (byte) (int) ScalarQuantize.code(x[at + i], s, z, min, max);
    }
  }

  private static void real(
      int count, byte[] codes, int at, int mask, float s, float z, float[] out, int to) {
    int i = 0;
    for (; i <= count - BYTES.length(); i += W) {
      IntVector code =
          (IntVector) ByteVector.fromArray(BYTES, codes, at + i).convertShape(B2I, Lanes.INT, 0);
      ((FloatVector) code.and(mask).convertShape(I2F, SPECIES, 0))
          .sub(z)
          .mul(s)
          .intoArray(out, to + i);
    }
    for (; i < count; i++) {
      out[to + i] = s * ((codes[at + i] & mask) - z);
    }
  }
}
