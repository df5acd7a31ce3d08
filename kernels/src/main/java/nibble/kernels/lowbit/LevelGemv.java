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
import nibble.kernels.platform.NativeSegments;

/**
 * Packed codes times one row of integer activation levels, exact.
 *
 * <p>4-bit codes multiply in 16-bit lanes, twice as many per vector as 32-bit lanes hold: nibbles
 * {@code j} and {@code j + 4} of a word meet the levels of the same two inputs, which are stored as
 * a pair in one int and broadcast together. Sums stay in 16 bits for as many lines as the largest
 * possible product allows, then widen. 8-bit codes multiply in 32-bit lanes.
 */
final class LevelGemv {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final VectorSpecies<Short> S = Lanes.SHORT;

  /** Output rows of one call. */
  static final int ROWS = 2 * Lanes.FLOATS;

  private static final int LANES = Lanes.FLOATS;
  private static final int LINE = IntWeights.LINE;

  /** Lines of the straight loop: 16 products of up to 15 * 128 in 16 bits. */
  private static final int BLOCK_LINES = 4;

  /**
   * Bytes by which a word of every other line is read ahead: on its own the hardware stops at the
   * end of each page of memory.
   */
  private static final long AHEAD = 1024;

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
  static void prepare(
      IntWeights weights,
      QuantizedRows x,
      int row,
      int[] prepared,
      int preparedAt,
      int[] sums,
      int sumsAt) {
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

  /**
   * Levels of inputs {@code 8 t + j} (low half) and {@code 8 t + j + 4} (high half) at {@code 4 t +
   * j}.
   */
  private static void pairs(
      int in,
      int paddedIn,
      float[] levels,
      int levelsAt,
      int offset,
      int[] prepared,
      int preparedAt) {
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
   * Writes the scaled sums of {@link #ROWS} output rows, {@code firstRow} on, to {@code y[0 ..
   * ROWS)}. The sums of the chunks go through memory, because one method with both loops exceeds
   * the compiler's node budget.
   *
   * @param maxLevel largest absolute level
   * @param raw working memory of {@link #rawLength} ints
   * @param scales working memory of {@link ScaleLines#bytes}
   */
  static void multiply(
      IntWeights weights,
      int maxLevel,
      int firstRow,
      int[] prepared,
      int preparedAt,
      int[] sums,
      int sumsAt,
      int[] raw,
      MemorySegment scales,
      float[] y) {
    int rows = weights.panels() * IntWeights.PANEL_ROWS;
    int secondRow = firstRow + LANES < rows ? firstRow + LANES : firstRow;
    MemorySegment segment = weights.segment();
    long code0 = weights.lineAt(firstRow);
    long code1 = weights.lineAt(secondRow);
    int lines = weights.linesPerGroup();
    if (weights.containerBits() == 4) {
      int linesInShort = linesInShort(weights, maxLevel);
      int chunks = Math.ceilDiv(lines, linesInShort);
      if (linesInShort == BLOCK_LINES && lines % BLOCK_LINES == 0) {
        int touched =
            blocks(segment, code0, weights.groups() * chunks, prepared, preparedAt, raw, 0);
        raw[weights.groups() * chunks * ROWS] =
            touched
                ^ blocks(
                    segment, code1, weights.groups() * chunks, prepared, preparedAt, raw, LANES);
      } else {
        nibbles(
            segment,
            code0,
            code1,
            weights.groups(),
            lines,
            linesInShort,
            prepared,
            preparedAt,
            raw);
      }
      fold(weights, firstRow, secondRow, chunks, sums, sumsAt, raw, scales, y);
    } else {
      bytes(segment, code0, code1, weights.groups(), lines, prepared, preparedAt, raw);
      scale(weights, firstRow, sums, sumsAt, raw, 0, scales, y, 0);
      scale(weights, secondRow, sums, sumsAt, raw, LANES, scales, y, LANES);
    }
  }

  /**
   * Lines whose products fit in 16 bits, each adds 4 products to a lane: a block, where groups are
   * whole blocks.
   */
  private static int linesInShort(IntWeights weights, int maxLevel) {
    int most = Short.MAX_VALUE / (15 * maxLevel) / 4;
    return weights.linesPerGroup() % BLOCK_LINES == 0 ? Math.min(most, BLOCK_LINES) : most;
  }

  /** Ints of working memory that {@link #multiply} needs. */
  static int rawLength(IntWeights weights, int maxLevel) {
    int chunks =
        weights.containerBits() == 4
            ? Math.ceilDiv(weights.linesPerGroup(), linesInShort(weights, maxLevel))
            : 1;
    return weights.groups() * chunks * ROWS + 1;
  }

  /**
   * One vector of rows, {@link #BLOCK_LINES} lines at a time without an inner loop, whose start and
   * end would cost as much as the lines.
   *
   * @return a value that depends on what was read ahead and means nothing else: without it the
   *     compiler would leave the reading out
   */
  private static int blocks(
      MemorySegment segment, long code, int blocks, int[] x, int xAt, int[] raw, int rawAt) {
    segment = NativeSegments.offHeap(segment);
    long last = segment.byteSize() - BLOCK_LINES * LINE;
    int touched = 0;
    ShortVector mask = IntVector.broadcast(I, 0x000F_000F).reinterpretAsShorts();
    for (int block = 0; block < blocks; block++) {
      long at = code + (long) block * (BLOCK_LINES * LINE);
      int k = xAt + block * (BLOCK_LINES * 4);
      long ahead = Math.min(at + AHEAD, last);
      touched ^=
          segment.get(IntWeights.WORD, ahead) ^ segment.get(IntWeights.WORD, ahead + 2 * LINE);
      ShortVector w0 =
          IntVector.fromMemorySegment(I, segment, at, LITTLE_ENDIAN).reinterpretAsShorts();
      ShortVector a = w0.and(mask).mul(IntVector.broadcast(I, x[k]).reinterpretAsShorts());
      ShortVector b =
          w0.lanewise(LSHR, 4)
              .and(mask)
              .mul(IntVector.broadcast(I, x[k + 1]).reinterpretAsShorts());
      a =
          w0.lanewise(LSHR, 8)
              .and(mask)
              .mul(IntVector.broadcast(I, x[k + 2]).reinterpretAsShorts())
              .add(a);
      b = w0.lanewise(LSHR, 12).mul(IntVector.broadcast(I, x[k + 3]).reinterpretAsShorts()).add(b);
      ShortVector w1 =
          IntVector.fromMemorySegment(I, segment, at + LINE, LITTLE_ENDIAN).reinterpretAsShorts();
      a = w1.and(mask).mul(IntVector.broadcast(I, x[k + 4]).reinterpretAsShorts()).add(a);
      b =
          w1.lanewise(LSHR, 4)
              .and(mask)
              .mul(IntVector.broadcast(I, x[k + 5]).reinterpretAsShorts())
              .add(b);
      a =
          w1.lanewise(LSHR, 8)
              .and(mask)
              .mul(IntVector.broadcast(I, x[k + 6]).reinterpretAsShorts())
              .add(a);
      b = w1.lanewise(LSHR, 12).mul(IntVector.broadcast(I, x[k + 7]).reinterpretAsShorts()).add(b);
      ShortVector w2 =
          IntVector.fromMemorySegment(I, segment, at + 2 * LINE, LITTLE_ENDIAN)
              .reinterpretAsShorts();
      a = w2.and(mask).mul(IntVector.broadcast(I, x[k + 8]).reinterpretAsShorts()).add(a);
      b =
          w2.lanewise(LSHR, 4)
              .and(mask)
              .mul(IntVector.broadcast(I, x[k + 9]).reinterpretAsShorts())
              .add(b);
      a =
          w2.lanewise(LSHR, 8)
              .and(mask)
              .mul(IntVector.broadcast(I, x[k + 10]).reinterpretAsShorts())
              .add(a);
      b = w2.lanewise(LSHR, 12).mul(IntVector.broadcast(I, x[k + 11]).reinterpretAsShorts()).add(b);
      ShortVector w3 =
          IntVector.fromMemorySegment(I, segment, at + 3 * LINE, LITTLE_ENDIAN)
              .reinterpretAsShorts();
      a = w3.and(mask).mul(IntVector.broadcast(I, x[k + 12]).reinterpretAsShorts()).add(a);
      b =
          w3.lanewise(LSHR, 4)
              .and(mask)
              .mul(IntVector.broadcast(I, x[k + 13]).reinterpretAsShorts())
              .add(b);
      a =
          w3.lanewise(LSHR, 8)
              .and(mask)
              .mul(IntVector.broadcast(I, x[k + 14]).reinterpretAsShorts())
              .add(a);
      b = w3.lanewise(LSHR, 12).mul(IntVector.broadcast(I, x[k + 15]).reinterpretAsShorts()).add(b);
      a.add(b).reinterpretAsInts().intoArray(raw, rawAt + block * ROWS);
    }
    return touched;
  }

  private static void nibbles(
      MemorySegment segment,
      long code0,
      long code1,
      int groups,
      int lines,
      int linesInShort,
      int[] x,
      int xAt,
      int[] raw) {
    segment = NativeSegments.offHeap(segment);
    ShortVector mask = IntVector.broadcast(I, 0x000F_000F).reinterpretAsShorts();
    int k = xAt;
    int at = 0;
    for (int g = 0; g < groups; g++) {
      for (int line = 0; line < lines; at += ROWS) {
        int end = Math.min(lines, line + linesInShort);
        ShortVector a0 = ShortVector.zero(S);
        ShortVector a1 = ShortVector.zero(S);
        for (; line < end; line++, code0 += LINE, code1 += LINE, k += 4) {
          ShortVector w0 =
              IntVector.fromMemorySegment(I, segment, code0, LITTLE_ENDIAN).reinterpretAsShorts();
          ShortVector w1 =
              IntVector.fromMemorySegment(I, segment, code1, LITTLE_ENDIAN).reinterpretAsShorts();
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

  private static void fold(
      IntWeights weights,
      int row0,
      int row1,
      int parts,
      int[] sums,
      int sumsAt,
      int[] raw,
      MemorySegment scales,
      float[] y) {
    MemorySegment from = ScaleLines.of(weights, row0, row1, scales);
    long zero0 = weights.zeroPointsAt(row0);
    long zero1 = weights.zeroPointsAt(row1);
    MemorySegment segment = weights.segment();
    int zeroStep = weights.zeroPointStep();
    int groups = weights.groups();
    if (parts == 1) {
      foldBlocks(
          groups,
          raw,
          segment,
          zero0,
          zero1,
          zeroStep,
          sums,
          sumsAt,
          from,
          ScaleLines.at(weights, row0, 0),
          ScaleLines.at(weights, row1, 1),
          y);
    } else {
      foldParts(
          groups,
          parts,
          raw,
          segment,
          zero0,
          zero1,
          zeroStep,
          sums,
          sumsAt,
          from,
          ScaleLines.at(weights, row0, 0),
          ScaleLines.at(weights, row1, 1),
          y);
    }
  }

  /**
   * Sum over the groups of {@code scale * (sum of halves - zeroPoint * sum)} for two vectors of
   * rows; the difference is exact.
   */
  private static void foldBlocks(
      int groups,
      int[] raw,
      MemorySegment zeros,
      long zero0,
      long zero1,
      int zeroStep,
      int[] sums,
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
      IntVector sum = IntVector.broadcast(I, sums[sumsAt + g]);
      IntVector s0 = sumOfHalves(IntVector.fromArray(I, raw, g * ROWS));
      IntVector z0 =
          IntVector.fromMemorySegment(I, zeros, zero0 + (long) g * zeroStep, LITTLE_ENDIAN);
      FloatVector value0 = (FloatVector) s0.sub(z0.mul(sum)).convert(I2F, 0);
      total0 =
          value0.fma(
              FloatVector.fromMemorySegment(F, scales, scale0 + (long) g * LINE, LITTLE_ENDIAN),
              total0);
      IntVector s1 = sumOfHalves(IntVector.fromArray(I, raw, g * ROWS + LANES));
      IntVector z1 =
          IntVector.fromMemorySegment(I, zeros, zero1 + (long) g * zeroStep, LITTLE_ENDIAN);
      FloatVector value1 = (FloatVector) s1.sub(z1.mul(sum)).convert(I2F, 0);
      total1 =
          value1.fma(
              FloatVector.fromMemorySegment(F, scales, scale1 + (long) g * LINE, LITTLE_ENDIAN),
              total1);
    }
    total0.intoArray(y, 0);
    total1.intoArray(y, LANES);
  }

  /** The same for groups of several chunks. */
  private static void foldParts(
      int groups,
      int parts,
      int[] raw,
      MemorySegment zeros,
      long zero0,
      long zero1,
      int zeroStep,
      int[] sums,
      int sumsAt,
      MemorySegment scales,
      long scale0,
      long scale1,
      float[] y) {
    zeros = NativeSegments.offHeap(zeros);
    scales = NativeSegments.offHeap(scales);
    FloatVector total0 = FloatVector.zero(F);
    FloatVector total1 = FloatVector.zero(F);
    int at = 0;
    for (int g = 0; g < groups; g++) {
      IntVector sum = IntVector.broadcast(I, -sums[sumsAt + g]);
      IntVector s0 =
          IntVector.fromMemorySegment(I, zeros, zero0 + (long) g * zeroStep, LITTLE_ENDIAN)
              .mul(sum);
      IntVector s1 =
          IntVector.fromMemorySegment(I, zeros, zero1 + (long) g * zeroStep, LITTLE_ENDIAN)
              .mul(sum);
      for (int part = 0; part < parts; part++, at += ROWS) {
        s0 = s0.add(sumOfHalves(IntVector.fromArray(I, raw, at)));
        s1 = s1.add(sumOfHalves(IntVector.fromArray(I, raw, at + LANES)));
      }
      FloatVector value0 = (FloatVector) s0.convert(I2F, 0);
      total0 =
          value0.fma(
              FloatVector.fromMemorySegment(F, scales, scale0 + (long) g * LINE, LITTLE_ENDIAN),
              total0);
      FloatVector value1 = (FloatVector) s1.convert(I2F, 0);
      total1 =
          value1.fma(
              FloatVector.fromMemorySegment(F, scales, scale1 + (long) g * LINE, LITTLE_ENDIAN),
              total1);
    }
    total0.intoArray(y, 0);
    total1.intoArray(y, LANES);
  }

  private static void bytes(
      MemorySegment segment,
      long code0,
      long code1,
      int groups,
      int lines,
      int[] x,
      int xAt,
      int[] raw) {
    segment = NativeSegments.offHeap(segment);
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

  /**
   * Sum over the groups of {@code scale * (raw - zeroPoint * sum)} for one vector of rows; the
   * difference is exact.
   */
  private static void scale(
      IntWeights weights,
      int row,
      int[] sums,
      int sumsAt,
      int[] raw,
      int rawAt,
      MemorySegment scratch,
      float[] y,
      int yAt) {
    MemorySegment segment = NativeSegments.offHeap(weights.segment());
    MemorySegment scales = NativeSegments.offHeap(ScaleLines.of(weights, row, row, scratch));
    long scaleAt = ScaleLines.at(weights, row, 0);
    long zeroAt = weights.zeroPointsAt(row);
    int zeroStep = weights.zeroPointStep();
    FloatVector total = FloatVector.zero(F);
    for (int g = 0; g < weights.groups(); g++, scaleAt += LINE, zeroAt += zeroStep) {
      IntVector zero = IntVector.fromMemorySegment(I, segment, zeroAt, LITTLE_ENDIAN);
      IntVector sum = IntVector.fromArray(I, raw, rawAt + g * ROWS).sub(zero.mul(sums[sumsAt + g]));
      FloatVector value = (FloatVector) sum.convert(I2F, 0);
      total = value.fma(FloatVector.fromMemorySegment(F, scales, scaleAt, LITTLE_ENDIAN), total);
    }
    total.intoArray(y, yAt);
  }

  /** The signed 16-bit halves of each lane, added. */
  private static IntVector sumOfHalves(IntVector pairs) {
    return pairs.lanewise(LSHL, 16).lanewise(ASHR, 16).add(pairs.lanewise(ASHR, 16));
  }
}
