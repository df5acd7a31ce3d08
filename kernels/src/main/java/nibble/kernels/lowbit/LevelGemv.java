package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * Packed codes times one row of integer activation levels, exact.
 *
 * <p>4-bit codes multiply in 16-bit lanes, twice as many per vector as 32-bit lanes hold: nibbles {@code j} and {@code j + 4} of a word meet
 * the levels of the same two inputs, which are stored as a pair in one int and broadcast together. Sums stay in 16 bits for as many lines as
 * the largest possible product allows, then widen. 8-bit codes multiply in 32-bit lanes.
 */
final class LevelGemv {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final VectorSpecies<Short> S = Lanes.SHORT;

  /** Output rows of one call. */
  static final int ROWS = 2 * Lanes.FLOATS;

  private static final int LANES = Lanes.FLOATS;
  private static final int LINE = IntWeights.LINE;

  private LevelGemv() {}

  /** Ints that {@link #prepare} writes for one row. */
  static int preparedLength(IntWeights weights) {
    return weights.containerBits() == 4 ? weights.paddedIn() / 2 : weights.paddedIn();
  }

  /**
   * Arranges the levels of a row in the order in which the codes are read.
   *
   * @param row of {@code x}
   * @param prepared receives {@link #preparedLength} ints
   * @param sums receives the sum of the levels of each group
   */
  static void prepare(IntWeights weights, QuantizedRows x, int row, int[] prepared, int preparedAt, int[] sums, int sumsAt) {
    int in = weights.in();
    float[] levels = x.levels();
    int levelsAt = x.rowAt(row);
    int offset = (int) x.offset(row);
    if (weights.containerBits() == 4) {
      pairs(in, weights.paddedIn(), levels, levelsAt, offset, prepared, preparedAt);
    } else {
      for (int k = 0; k < weights.paddedIn(); k++) {
        prepared[preparedAt + k] = k < in ? (int) levels[levelsAt + k] + offset : 0;
      }
    }
    int size = weights.groupSize();
    for (int g = 0; g < weights.groups(); g++) {
      int sum = 0;
      for (int k = g * size; k < (g + 1) * size; k++) {
        sum += (int) levels[levelsAt + k];
      }
      sums[sumsAt + g] = sum + size * offset;
    }
  }

  /** Levels of inputs {@code 8 t + j} (low half) and {@code 8 t + j + 4} (high half) at {@code 4 t + j}. */
  private static void pairs(int in, int paddedIn, float[] levels, int levelsAt, int offset, int[] prepared, int preparedAt) {
    int whole = in / 8 * 8;
    for (int t = 0; t < whole; t += 8) {
      for (int j = 0; j < 4; j++) {
        int low = (int) levels[levelsAt + t + j] + offset;
        int high = (int) levels[levelsAt + t + j + 4] + offset;
        prepared[preparedAt + t / 2 + j] = low & 0xFFFF | high << 16;
      }
    }
    if (whole < paddedIn) {
      for (int j = 0; j < 4; j++) {
        int low = whole + j < in ? (int) levels[levelsAt + whole + j] + offset : 0;
        int high = whole + j + 4 < in ? (int) levels[levelsAt + whole + j + 4] + offset : 0;
        prepared[preparedAt + whole / 2 + j] = low & 0xFFFF | high << 16;
      }
    }
  }

  /**
   * Writes the scaled sums of {@link #ROWS} output rows, {@code firstRow} on, to {@code y[0 .. ROWS)}. The sums of the groups go through
   * memory, because one method with both loops exceeds the compiler's node budget.
   *
   * @param maxLevel largest absolute level
   * @param raw working memory of {@link #rawLength} ints
   */
  static void multiply(
      IntWeights weights, int maxLevel, int firstRow, int[] prepared, int preparedAt, int[] sums, int sumsAt, int[] raw, float[] y) {
    int rows = weights.panels() * IntWeights.PANEL_ROWS;
    int secondRow = firstRow + LANES < rows ? firstRow + LANES : firstRow;
    MemorySegment segment = weights.segment();
    long code0 = weights.lineAt(firstRow);
    long code1 = weights.lineAt(secondRow);
    int lines = weights.linesPerGroup();
    if (weights.containerBits() == 4) {
      int linesInShort = linesInShort(maxLevel);
      int chunks = Math.ceilDiv(lines, linesInShort);
      nibbles(segment, code0, code1, weights.groups(), lines, linesInShort, prepared, preparedAt, raw);
      widen(weights.groups(), chunks, raw, 0);
      widen(weights.groups(), chunks, raw, LANES);
      scale(weights, firstRow, sums, sumsAt, raw, (chunks - 1) * ROWS, chunks * ROWS, y, 0);
      scale(weights, secondRow, sums, sumsAt, raw, (chunks - 1) * ROWS + LANES, chunks * ROWS, y, LANES);
    } else {
      bytes(segment, code0, code1, weights.groups(), lines, prepared, preparedAt, raw);
      scale(weights, firstRow, sums, sumsAt, raw, 0, ROWS, y, 0);
      scale(weights, secondRow, sums, sumsAt, raw, LANES, ROWS, y, LANES);
    }
  }

  /** Lines whose products fit in 16 bits: each adds 4 products to a lane. */
  private static int linesInShort(int maxLevel) {
    return Short.MAX_VALUE / (15 * maxLevel) / 4;
  }

  /** Ints of working memory that {@link #multiply} needs. */
  static int rawLength(IntWeights weights, int maxLevel) {
    int chunks = weights.containerBits() == 4 ? Math.ceilDiv(weights.linesPerGroup(), linesInShort(maxLevel)) : 1;
    return weights.groups() * chunks * ROWS;
  }

  private static void nibbles(
      MemorySegment segment, long code0, long code1, int groups, int lines, int linesInShort, int[] x, int xAt, int[] raw) {
    ShortVector mask = IntVector.broadcast(I, 0x000F_000F).reinterpretAsShorts();
    int k = xAt;
    int at = 0;
    for (int g = 0; g < groups; g++) {
      for (int line = 0; line < lines; at += ROWS) {
        int end = Math.min(lines, line + linesInShort);
        ShortVector a0 = ShortVector.zero(S);
        ShortVector a1 = ShortVector.zero(S);
        for (; line < end; line++, code0 += LINE, code1 += LINE, k += 4) {
          ShortVector w0 = IntVector.fromMemorySegment(I, segment, code0, LITTLE_ENDIAN).reinterpretAsShorts();
          ShortVector w1 = IntVector.fromMemorySegment(I, segment, code1, LITTLE_ENDIAN).reinterpretAsShorts();
          ShortVector x0 = IntVector.broadcast(I, x[k]).reinterpretAsShorts();
          a0 = w0.and(mask).mul(x0).add(a0);
          a1 = w1.and(mask).mul(x0).add(a1);
          ShortVector x1 = IntVector.broadcast(I, x[k + 1]).reinterpretAsShorts();
          a0 = w0.lanewise(LSHR, 4).and(mask).mul(x1).add(a0);
          a1 = w1.lanewise(LSHR, 4).and(mask).mul(x1).add(a1);
          ShortVector x2 = IntVector.broadcast(I, x[k + 2]).reinterpretAsShorts();
          a0 = w0.lanewise(LSHR, 8).and(mask).mul(x2).add(a0);
          a1 = w1.lanewise(LSHR, 8).and(mask).mul(x2).add(a1);
          ShortVector x3 = IntVector.broadcast(I, x[k + 3]).reinterpretAsShorts();
          a0 = w0.lanewise(LSHR, 12).mul(x3).add(a0);
          a1 = w1.lanewise(LSHR, 12).mul(x3).add(a1);
        }
        a0.reinterpretAsInts().intoArray(raw, at);
        a1.reinterpretAsInts().intoArray(raw, at + LANES);
      }
    }
  }

  /** Turns the pairs of 16-bit sums of one vector of rows into ints; chunks of a group become running totals. */
  private static void widen(int groups, int chunks, int[] raw, int rawAt) {
    for (int g = 0; g < groups; g++) {
      int at = rawAt + g * chunks * ROWS;
      sumOfHalves(IntVector.fromArray(I, raw, at)).intoArray(raw, at);
      for (int chunk = 1; chunk < chunks; chunk++) {
        int next = at + ROWS;
        sumOfHalves(IntVector.fromArray(I, raw, next)).add(IntVector.fromArray(I, raw, at)).intoArray(raw, next);
        at = next;
      }
    }
  }

  private static void bytes(MemorySegment segment, long code0, long code1, int groups, int lines, int[] x, int xAt, int[] raw) {
    IntVector mask = IntVector.broadcast(I, 255);
    int k = xAt;
    for (int g = 0; g < groups; g++) {
      IntVector t0 = IntVector.zero(I);
      IntVector t1 = t0;
      for (int line = 0; line < lines; line++, code0 += LINE, code1 += LINE, k += 4) {
        IntVector w0 = IntVector.fromMemorySegment(I, segment, code0, LITTLE_ENDIAN);
        IntVector w1 = IntVector.fromMemorySegment(I, segment, code1, LITTLE_ENDIAN);
        IntVector x0 = IntVector.broadcast(I, x[k]);
        t0 = w0.and(mask).mul(x0).add(t0);
        t1 = w1.and(mask).mul(x0).add(t1);
        IntVector x1 = IntVector.broadcast(I, x[k + 1]);
        t0 = w0.lanewise(LSHR, 8).and(mask).mul(x1).add(t0);
        t1 = w1.lanewise(LSHR, 8).and(mask).mul(x1).add(t1);
        IntVector x2 = IntVector.broadcast(I, x[k + 2]);
        t0 = w0.lanewise(LSHR, 16).and(mask).mul(x2).add(t0);
        t1 = w1.lanewise(LSHR, 16).and(mask).mul(x2).add(t1);
        IntVector x3 = IntVector.broadcast(I, x[k + 3]);
        t0 = w0.lanewise(LSHR, 24).mul(x3).add(t0);
        t1 = w1.lanewise(LSHR, 24).mul(x3).add(t1);
      }
      t0.intoArray(raw, g * ROWS);
      t1.intoArray(raw, g * ROWS + LANES);
    }
  }

  /** Sum over the groups of {@code scale * (raw - zeroPoint * sum)} for one vector of rows; the difference is exact. */
  private static void scale(IntWeights weights, int row, int[] sums, int sumsAt, int[] raw, int rawAt, int rawStep, float[] y, int yAt) {
    MemorySegment segment = weights.segment();
    long scaleAt = weights.scalesAt(row);
    long zeroAt = weights.zeroPointsAt(row);
    int zeroStep = weights.zeroPointStep();
    FloatVector total = FloatVector.zero(F);
    for (int g = 0; g < weights.groups(); g++, scaleAt += LINE, zeroAt += zeroStep) {
      IntVector zero = IntVector.fromMemorySegment(I, segment, zeroAt, LITTLE_ENDIAN);
      IntVector sum = IntVector.fromArray(I, raw, rawAt + g * rawStep).sub(zero.mul(sums[sumsAt + g]));
      FloatVector value = (FloatVector) sum.convert(I2F, 0);
      total = value.fma(FloatVector.fromMemorySegment(F, segment, scaleAt, LITTLE_ENDIAN), total);
    }
    total.intoArray(y, yAt);
  }

  /** The signed 16-bit halves of each lane, added. */
  private static IntVector sumOfHalves(IntVector pairs) {
    return pairs.lanewise(LSHL, 16).lanewise(ASHR, 16).add(pairs.lanewise(ASHR, 16));
  }
}
