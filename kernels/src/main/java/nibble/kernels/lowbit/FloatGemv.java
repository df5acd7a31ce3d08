package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/**
 * Packed codes times one row of float activations, with a lane for each output row, so nothing is
 * summed across lanes.
 *
 * <p>A code is masked where it stands, which multiplies it by a power of two; its activation is
 * multiplied by the inverse beforehand ({@link #prepare}), which saves the shift and is exact. The
 * topmost byte is shifted, because it would touch the sign bit.
 */
final class FloatGemv {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;

  /** Output rows of one call: two vectors, so that a broadcast activation serves both. */
  static final int ROWS = 2 * Lanes.FLOATS;

  private static final int LANES = Lanes.FLOATS;
  private static final int LINE = IntWeights.LINE;

  private FloatGemv() {}

  /**
   * Scales the activations of a row and pads them with zeros.
   *
   * @param scaled receives {@code paddedIn} values
   * @param sums receives the sum of the activations of each group
   */
  static void prepare(
      IntWeights weights,
      float[] x,
      int xOffset,
      float[] scaled,
      int scaledAt,
      float[] sums,
      int sumsAt) {
    int in = weights.in();
    for (int j = 0; j < 4; j++) {
      float step =
          weights.containerBits() == 8 && j == 3 ? 1 : 1f / (1 << (j * weights.containerBits()));
      for (int k = j; k < in; k += 4) {
        scaled[scaledAt + k] = x[xOffset + k] * step;
      }
    }
    for (int k = in; k < weights.paddedIn(); k++) {
      scaled[scaledAt + k] = 0;
    }
    int size = weights.groupSize();
    for (int g = 0; g < weights.groups(); g++) {
      double sum = 0;
      for (int k = g * size; k < (g + 1) * size; k++) {
        sum += x[xOffset + k];
      }
      sums[sumsAt + g] = (float) sum;
    }
  }

  /**
   * Writes the products with {@link #ROWS} output rows, {@code firstRow} on, to {@code y[0 ..
   * ROWS)}. The sums of the groups go through memory, because one method with both loops exceeds
   * the compiler's node budget.
   *
   * @param raw working memory of {@code groups * ROWS} floats
   * @param scales working memory of {@link ScaleLines#bytes}
   */
  static void multiply(
      IntWeights weights,
      int firstRow,
      float[] scaled,
      int scaledAt,
      float[] sums,
      int sumsAt,
      float[] raw,
      MemorySegment scales,
      float[] y) {
    int rows = weights.panels() * IntWeights.PANEL_ROWS;
    int secondRow = firstRow + LANES < rows ? firstRow + LANES : firstRow;
    MemorySegment segment = weights.segment();
    int lines = weights.linesPerGroup();
    if (weights.containerBits() == 4) {
      nibbles(
          segment,
          weights.lineAt(firstRow),
          weights.lineAt(secondRow),
          weights.groups(),
          lines,
          scaled,
          scaledAt,
          raw);
    } else {
      bytes(
          segment,
          weights.lineAt(firstRow),
          weights.lineAt(secondRow),
          weights.groups(),
          lines,
          scaled,
          scaledAt,
          raw);
    }
    MemorySegment from = ScaleLines.of(weights, firstRow, secondRow, scales);
    scale(
        weights.groups(),
        raw,
        segment,
        weights.zeroPointsAt(firstRow),
        weights.zeroPointsAt(secondRow),
        weights.zeroPointStep(),
        sums,
        sumsAt,
        from,
        ScaleLines.at(weights, firstRow, 0),
        ScaleLines.at(weights, secondRow, 1),
        y);
  }

  private static void nibbles(
      MemorySegment segment,
      long code0,
      long code1,
      int groups,
      int lines,
      float[] x,
      int xAt,
      float[] raw) {
    segment = NativeSegments.offHeap(segment);
    IntVector m0 = IntVector.broadcast(I, 0xF);
    IntVector m1 = IntVector.broadcast(I, 0xF0);
    IntVector m2 = IntVector.broadcast(I, 0xF00);
    IntVector m3 = IntVector.broadcast(I, 0xF000);
    int k = xAt;
    for (int g = 0; g < groups; g++) {
      FloatVector a0 = FloatVector.zero(F);
      FloatVector a1 = a0;
      FloatVector b0 = a0;
      FloatVector b1 = a0;
      for (int line = 0; line < lines; line++, code0 += LINE, code1 += LINE) {
        IntVector w0 = IntVector.fromMemorySegment(I, segment, code0, LITTLE_ENDIAN);
        IntVector w1 = IntVector.fromMemorySegment(I, segment, code1, LITTLE_ENDIAN);
        for (int half = 0; half < 2; half++, k += 4) { // a loop, for the node budget
          FloatVector x0 = FloatVector.broadcast(F, x[k]);
          a0 = toFloat(w0.and(m0)).fma(x0, a0);
          a1 = toFloat(w1.and(m0)).fma(x0, a1);
          FloatVector x1 = FloatVector.broadcast(F, x[k + 1]);
          b0 = toFloat(w0.and(m1)).fma(x1, b0);
          b1 = toFloat(w1.and(m1)).fma(x1, b1);
          FloatVector x2 = FloatVector.broadcast(F, x[k + 2]);
          a0 = toFloat(w0.and(m2)).fma(x2, a0);
          a1 = toFloat(w1.and(m2)).fma(x2, a1);
          FloatVector x3 = FloatVector.broadcast(F, x[k + 3]);
          b0 = toFloat(w0.and(m3)).fma(x3, b0);
          b1 = toFloat(w1.and(m3)).fma(x3, b1);
          w0 = w0.lanewise(LSHR, 16);
          w1 = w1.lanewise(LSHR, 16);
        }
      }
      a0.add(b0).intoArray(raw, g * ROWS);
      a1.add(b1).intoArray(raw, g * ROWS + LANES);
    }
  }

  private static void bytes(
      MemorySegment segment,
      long code0,
      long code1,
      int groups,
      int lines,
      float[] x,
      int xAt,
      float[] raw) {
    segment = NativeSegments.offHeap(segment);
    IntVector m0 = IntVector.broadcast(I, 0xFF);
    IntVector m1 = IntVector.broadcast(I, 0xFF00);
    IntVector m2 = IntVector.broadcast(I, 0xFF0000);
    int k = xAt;
    for (int g = 0; g < groups; g++) {
      FloatVector a0 = FloatVector.zero(F);
      FloatVector a1 = a0;
      FloatVector b0 = a0;
      FloatVector b1 = a0;
      for (int line = 0; line < lines; line++, code0 += LINE, code1 += LINE, k += 4) {
        IntVector w0 = IntVector.fromMemorySegment(I, segment, code0, LITTLE_ENDIAN);
        IntVector w1 = IntVector.fromMemorySegment(I, segment, code1, LITTLE_ENDIAN);
        FloatVector x0 = FloatVector.broadcast(F, x[k]);
        a0 = toFloat(w0.and(m0)).fma(x0, a0);
        a1 = toFloat(w1.and(m0)).fma(x0, a1);
        FloatVector x1 = FloatVector.broadcast(F, x[k + 1]);
        b0 = toFloat(w0.and(m1)).fma(x1, b0);
        b1 = toFloat(w1.and(m1)).fma(x1, b1);
        FloatVector x2 = FloatVector.broadcast(F, x[k + 2]);
        a0 = toFloat(w0.and(m2)).fma(x2, a0);
        a1 = toFloat(w1.and(m2)).fma(x2, a1);
        FloatVector x3 = FloatVector.broadcast(F, x[k + 3]);
        b0 = toFloat(w0.lanewise(LSHR, 24)).fma(x3, b0);
        b1 = toFloat(w1.lanewise(LSHR, 24)).fma(x3, b1);
      }
      a0.add(b0).intoArray(raw, g * ROWS);
      a1.add(b1).intoArray(raw, g * ROWS + LANES);
    }
  }

  /** Sum over the groups of {@code scale * (raw - zeroPoint * sum)} for two vectors of rows. */
  private static void scale(
      int groups,
      float[] raw,
      MemorySegment zeros,
      long zero0,
      long zero1,
      int zeroStep,
      float[] sums,
      int sumsAt,
      MemorySegment scales,
      long scale0,
      long scale1,
      float[] y) {
    zeros = NativeSegments.offHeap(zeros);
    scales = NativeSegments.offHeap(scales);
    FloatVector total0 = FloatVector.zero(F);
    FloatVector total1 = FloatVector.zero(F);
    for (int g = 0; g < groups; g++) {
      FloatVector sum = FloatVector.broadcast(F, -sums[sumsAt + g]);
      FloatVector z0 =
          toFloat(
              IntVector.fromMemorySegment(I, zeros, zero0 + (long) g * zeroStep, LITTLE_ENDIAN));
      FloatVector s0 = z0.fma(sum, FloatVector.fromArray(F, raw, g * ROWS));
      total0 =
          s0.fma(
              FloatVector.fromMemorySegment(F, scales, scale0 + (long) g * LINE, LITTLE_ENDIAN),
              total0);
      FloatVector z1 =
          toFloat(
              IntVector.fromMemorySegment(I, zeros, zero1 + (long) g * zeroStep, LITTLE_ENDIAN));
      FloatVector s1 = z1.fma(sum, FloatVector.fromArray(F, raw, g * ROWS + LANES));
      total1 =
          s1.fma(
              FloatVector.fromMemorySegment(F, scales, scale1 + (long) g * LINE, LITTLE_ENDIAN),
              total1);
    }
    total0.intoArray(y, 0);
    total1.intoArray(y, LANES);
  }

  private static FloatVector toFloat(IntVector codes) {
    return (FloatVector) codes.convert(I2F, 0);
  }
}
