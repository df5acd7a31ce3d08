package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/**
 * Two outputs in each FP32 lane: {@code w = w0 + B w1}, so that one multiply-add with an activation
 * level adds to the sums of both, {@code acc = S0 + B S1}. With {@code B = 5793} the lane is exact
 * while {@code |S0|, |S1| <= 2895}: then {@code |acc| <= 2895 (1 + B) < 2^24}, and {@code acc / B}
 * lies within {@code 2895 / 5793 + 2^-12 < 1/2} of {@code S1} in spite of its rounding.
 *
 * <p>Taking a lane apart, with {@code m = 1.5 2^23}, whose neighbours are integers:
 *
 * <pre>{@code
 * t = fma(acc, 1/B, m)     S1 = t - m     S0 = fma(-B, S1, acc)
 * }</pre>
 *
 * <p>A running sum of {@code S1} may stay in {@code t}, which then is the next {@code m}: exact up
 * to 2^22.
 */
final class PairedLanes implements LevelLanes {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;
  private static final long VECTOR = ChunkTile.VECTOR;
  private static final int LINE = IntWeights.LINE;
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

  private static final float BASE = 5793;
  private static final float INVERSE = 1 / BASE;
  private static final int LARGEST_SUM = 2895;
  private static final float INTEGERS = 0x1.8p23f;

  /** Largest running sum that is exact beside {@link #INTEGERS}. */
  private static final long LARGEST_GROUP_SUM = 1 << 22;

  /** Bits of 2^23: with a code in the lowest bits, the float 2^23 + code. */
  private static final int TWO_TO_23 = 0x4B000000;

  /**
   * Rows that one folding method serves: three, so that a scale is loaded once and 16 registers
   * suffice.
   */
  private static final int FOLD_ROWS = 3;

  @Override
  public int fields() {
    return 2;
  }

  /**
   * Whether the sums of a whole group are exact, with the correction for offsets of activations
   * included.
   */
  static boolean fits(IntWeights weights, ActivationQuantizer quantizer) {
    long largest = (long) weights.maxLevel() * QuantizedRows.largestLevel(quantizer);
    return weights.containerBits() == 4 && 2L * weights.groupSize() * largest <= LARGEST_GROUP_SUM;
  }

  @Override
  public int exactInputs(IntWeights weights, ActivationQuantizer quantizer) {
    return weights.exactChunks().inputs(LARGEST_SUM / QuantizedRows.largestLevel(quantizer));
  }

  @Override
  public boolean takesOffsets() {
    return true;
  }

  @Override
  public void unpack(
      IntWeights weights, int firstOut, int vectors, int firstIn, int count, MemorySegment panel) {
    int lastRow =
        weights.panels() * IntWeights.PANEL_ROWS
            - LANES; // beyond the last row: any values, they are not used
    int firstLine = firstIn / IntWeights.INPUT_STEP;
    int lastLine = firstLine + Math.ceilDiv(count, IntWeights.INPUT_STEP);
    int linesPerGroup = weights.linesPerGroup();
    long step = (long) vectors * VECTOR;
    for (int v = 0; v < vectors; v++) {
      int row0 = Math.min(firstOut + 2 * v * LANES, lastRow);
      int row1 = Math.min(firstOut + (2 * v + 1) * LANES, lastRow);
      long to = (long) v * VECTOR;
      for (int line = firstLine; line < lastLine; ) {
        int group = line / linesPerGroup;
        int end = Math.min(lastLine, (group + 1) * linesPerGroup);
        long zero0 = weights.zeroPointsAt(row0) + (long) group * weights.zeroPointStep();
        long zero1 = weights.zeroPointsAt(row1) + (long) group * weights.zeroPointStep();
        long code0 = weights.lineAt(row0) + (long) line * LINE;
        long code1 = weights.lineAt(row1) + (long) line * LINE;
        lines(weights.segment(), code0, code1, zero0, zero1, end - line, panel, to, step);
        to += (long) (end - line) * IntWeights.INPUT_STEP * step;
        line = end;
      }
    }
  }

  private static void lines(
      MemorySegment codes,
      long code0,
      long code1,
      long zero0,
      long zero1,
      int lines,
      MemorySegment panel,
      long to,
      long step) {
    codes = NativeSegments.offHeap(codes);
    panel = NativeSegments.offHeap(panel);
    FloatVector z0 =
        IntVector.fromMemorySegment(I, codes, zero0, LITTLE_ENDIAN)
            .or(TWO_TO_23)
            .reinterpretAsFloats();
    FloatVector z1 =
        IntVector.fromMemorySegment(I, codes, zero1, LITTLE_ENDIAN)
            .or(TWO_TO_23)
            .reinterpretAsFloats();
    FloatVector base = FloatVector.broadcast(F, BASE);
    for (int line = 0; line < lines; line++) {
      IntVector w0 =
          IntVector.fromMemorySegment(I, codes, code0 + (long) line * LINE, LITTLE_ENDIAN);
      IntVector w1 =
          IntVector.fromMemorySegment(I, codes, code1 + (long) line * LINE, LITTLE_ENDIAN);
      for (int i = 0; i < IntWeights.INPUT_STEP; i++, to += step) {
        FloatVector level0 = w0.and(0xF).or(TWO_TO_23).reinterpretAsFloats().sub(z0);
        FloatVector level1 = w1.and(0xF).or(TWO_TO_23).reinterpretAsFloats().sub(z1);
        level1.fma(base, level0).intoMemorySegment(panel, to, NATIVE);
        w0 = w0.lanewise(LSHR, 4);
        w1 = w1.lanewise(LSHR, 4);
      }
    }
  }

  @Override
  public void addWeightSums(
      int vectors, int chunks, int parts, MemorySegment raw, MemorySegment weightSums, long sumAt) {
    long step = (long) vectors * VECTOR;
    for (int chunk = 0; chunk < chunks; chunk++) {
      long to = sumAt + chunk / parts * 2L * step;
      for (int v = 0; v < vectors; v++) {
        addWeightSum(raw, chunk * step + (long) v * VECTOR, weightSums, to + 2L * v * VECTOR);
      }
    }
  }

  private static void addWeightSum(MemorySegment raw, long at, MemorySegment weightSums, long to) {
    raw = NativeSegments.offHeap(raw);
    weightSums = NativeSegments.offHeap(weightSums);
    FloatVector acc = FloatVector.fromMemorySegment(F, raw, at, NATIVE);
    FloatVector high =
        acc.fma(FloatVector.broadcast(F, INVERSE), FloatVector.broadcast(F, INTEGERS))
            .sub(INTEGERS);
    FloatVector low = high.fma(FloatVector.broadcast(F, -BASE), acc);
    low.add(FloatVector.fromMemorySegment(F, weightSums, to, NATIVE))
        .intoMemorySegment(weightSums, to, NATIVE);
    high.add(FloatVector.fromMemorySegment(F, weightSums, to + VECTOR, NATIVE))
        .intoMemorySegment(weightSums, to + VECTOR, NATIVE);
  }

  @Override
  public void foldGroups(FoldTile tile, int groups) {
    for (int row = 0; row < ChunkTile.ROWS; row += FOLD_ROWS) {
      for (int v = 0; v < tile.vectors; v++) {
        long rawAt = ((long) row * tile.vectors + v) * VECTOR;
        long groupAt = tile.groupAt + 2L * v * VECTOR;
        int yAt = tile.yAt + row * tile.columns + 2 * v * LANES;
        if (tile.hasOffsets) {
          float[] d = tile.offsets;
          groupsWithOffsets(
              groups,
              tile.vectors,
              tile.raw,
              rawAt,
              tile.scales,
              tile.weightSums,
              groupAt,
              d[row],
              d[row + 1],
              d[row + 2],
              tile.y,
              yAt,
              tile.columns);
        } else {
          groups(
              groups,
              tile.vectors,
              tile.raw,
              rawAt,
              tile.scales,
              groupAt,
              tile.y,
              yAt,
              tile.columns);
        }
      }
    }
  }

  private static void groups(
      int groups,
      int vectors,
      MemorySegment raw,
      long rawAt,
      MemorySegment scales,
      long scaleAt,
      float[] y,
      int yAt,
      int yStep) {
    raw = NativeSegments.offHeap(raw);
    scales = NativeSegments.offHeap(scales);
    FloatVector inverse = FloatVector.broadcast(F, INVERSE);
    FloatVector integers = FloatVector.broadcast(F, INTEGERS);
    FloatVector minusBase = FloatVector.broadcast(F, -BASE);
    FloatVector low0 = FloatVector.fromArray(F, y, yAt);
    FloatVector high0 = FloatVector.fromArray(F, y, yAt + LANES);
    FloatVector low1 = FloatVector.fromArray(F, y, yAt + yStep);
    FloatVector high1 = FloatVector.fromArray(F, y, yAt + yStep + LANES);
    FloatVector low2 = FloatVector.fromArray(F, y, yAt + 2 * yStep);
    FloatVector high2 = FloatVector.fromArray(F, y, yAt + 2 * yStep + LANES);
    long rowBytes = (long) vectors * VECTOR;
    for (int g = 0; g < groups; g++, rawAt += ChunkTile.ROWS * rowBytes, scaleAt += 2 * rowBytes) {
      FloatVector lowScale = FloatVector.fromMemorySegment(F, scales, scaleAt, NATIVE);
      FloatVector highScale = FloatVector.fromMemorySegment(F, scales, scaleAt + VECTOR, NATIVE);
      FloatVector acc0 = FloatVector.fromMemorySegment(F, raw, rawAt, NATIVE);
      FloatVector s0 = acc0.fma(inverse, integers).sub(integers);
      low0 = s0.fma(minusBase, acc0).fma(lowScale, low0);
      high0 = s0.fma(highScale, high0);
      FloatVector acc1 = FloatVector.fromMemorySegment(F, raw, rawAt + rowBytes, NATIVE);
      FloatVector s1 = acc1.fma(inverse, integers).sub(integers);
      low1 = s1.fma(minusBase, acc1).fma(lowScale, low1);
      high1 = s1.fma(highScale, high1);
      FloatVector acc2 = FloatVector.fromMemorySegment(F, raw, rawAt + 2 * rowBytes, NATIVE);
      FloatVector s2 = acc2.fma(inverse, integers).sub(integers);
      low2 = s2.fma(minusBase, acc2).fma(lowScale, low2);
      high2 = s2.fma(highScale, high2);
    }
    low0.intoArray(y, yAt);
    high0.intoArray(y, yAt + LANES);
    low1.intoArray(y, yAt + yStep);
    high1.intoArray(y, yAt + yStep + LANES);
    low2.intoArray(y, yAt + 2 * yStep);
    high2.intoArray(y, yAt + 2 * yStep + LANES);
  }

  private static void groupsWithOffsets(
      int groups,
      int vectors,
      MemorySegment raw,
      long rawAt,
      MemorySegment scales,
      MemorySegment weightSums,
      long groupAt,
      float offset0,
      float offset1,
      float offset2,
      float[] y,
      int yAt,
      int yStep) {
    raw = NativeSegments.offHeap(raw);
    scales = NativeSegments.offHeap(scales);
    weightSums = NativeSegments.offHeap(weightSums);
    FloatVector inverse = FloatVector.broadcast(F, INVERSE);
    FloatVector integers = FloatVector.broadcast(F, INTEGERS);
    FloatVector minusBase = FloatVector.broadcast(F, -BASE);
    FloatVector d0 = FloatVector.broadcast(F, offset0);
    FloatVector d1 = FloatVector.broadcast(F, offset1);
    FloatVector d2 = FloatVector.broadcast(F, offset2);
    FloatVector low0 = FloatVector.fromArray(F, y, yAt);
    FloatVector high0 = FloatVector.fromArray(F, y, yAt + LANES);
    FloatVector low1 = FloatVector.fromArray(F, y, yAt + yStep);
    FloatVector high1 = FloatVector.fromArray(F, y, yAt + yStep + LANES);
    FloatVector low2 = FloatVector.fromArray(F, y, yAt + 2 * yStep);
    FloatVector high2 = FloatVector.fromArray(F, y, yAt + 2 * yStep + LANES);
    long rowBytes = (long) vectors * VECTOR;
    for (int g = 0; g < groups; g++, rawAt += ChunkTile.ROWS * rowBytes, groupAt += 2 * rowBytes) {
      FloatVector lowScale = FloatVector.fromMemorySegment(F, scales, groupAt, NATIVE);
      FloatVector highScale = FloatVector.fromMemorySegment(F, scales, groupAt + VECTOR, NATIVE);
      FloatVector lowSum = FloatVector.fromMemorySegment(F, weightSums, groupAt, NATIVE);
      FloatVector highSum = FloatVector.fromMemorySegment(F, weightSums, groupAt + VECTOR, NATIVE);
      FloatVector acc0 = FloatVector.fromMemorySegment(F, raw, rawAt, NATIVE);
      FloatVector s0 = acc0.fma(inverse, integers).sub(integers);
      low0 = d0.fma(lowSum, s0.fma(minusBase, acc0)).fma(lowScale, low0);
      high0 = d0.fma(highSum, s0).fma(highScale, high0);
      FloatVector acc1 = FloatVector.fromMemorySegment(F, raw, rawAt + rowBytes, NATIVE);
      FloatVector s1 = acc1.fma(inverse, integers).sub(integers);
      low1 = d1.fma(lowSum, s1.fma(minusBase, acc1)).fma(lowScale, low1);
      high1 = d1.fma(highSum, s1).fma(highScale, high1);
      FloatVector acc2 = FloatVector.fromMemorySegment(F, raw, rawAt + 2 * rowBytes, NATIVE);
      FloatVector s2 = acc2.fma(inverse, integers).sub(integers);
      low2 = d2.fma(lowSum, s2.fma(minusBase, acc2)).fma(lowScale, low2);
      high2 = d2.fma(highSum, s2).fma(highScale, high2);
    }
    low0.intoArray(y, yAt);
    high0.intoArray(y, yAt + LANES);
    low1.intoArray(y, yAt + yStep);
    high1.intoArray(y, yAt + yStep + LANES);
    low2.intoArray(y, yAt + 2 * yStep);
    high2.intoArray(y, yAt + 2 * yStep + LANES);
  }

  private static void add(
      FloatVector sum,
      float offset,
      MemorySegment scales,
      MemorySegment weightSums,
      long at,
      float[] y,
      int yAt) {
    FloatVector all =
        FloatVector.fromMemorySegment(F, weightSums, at, NATIVE)
            .fma(FloatVector.broadcast(F, offset), sum);
    all.fma(FloatVector.fromMemorySegment(F, scales, at, NATIVE), FloatVector.fromArray(F, y, yAt))
        .intoArray(y, yAt);
  }

  @Override
  public void foldParts(FoldTile tile, int chunks) {
    for (int row = 0; row < ChunkTile.ROWS; row += FOLD_ROWS) {
      for (int v = 0; v < tile.vectors; v++) {
        long rawAt = tile.rawAt + ((long) row * tile.vectors + v) * VECTOR;
        parts(
            chunks,
            tile.vectors,
            tile.raw,
            rawAt,
            tile.sums,
            tile.yAt + row * tile.columns + 2 * v * LANES,
            tile.columns);
      }
    }
  }

  private static void parts(
      int chunks, int vectors, MemorySegment raw, long rawAt, float[] sums, int at, int step) {
    raw = NativeSegments.offHeap(raw);
    FloatVector inverse = FloatVector.broadcast(F, INVERSE);
    FloatVector minusBase = FloatVector.broadcast(F, -BASE);
    FloatVector low0 = FloatVector.fromArray(F, sums, at);
    FloatVector low1 = FloatVector.fromArray(F, sums, at + step);
    FloatVector low2 = FloatVector.fromArray(F, sums, at + 2 * step);
    FloatVector high0 = FloatVector.fromArray(F, sums, at + LANES).add(INTEGERS);
    FloatVector high1 = FloatVector.fromArray(F, sums, at + step + LANES).add(INTEGERS);
    FloatVector high2 = FloatVector.fromArray(F, sums, at + 2 * step + LANES).add(INTEGERS);
    long rowBytes = (long) vectors * VECTOR;
    for (int chunk = 0; chunk < chunks; chunk++, rawAt += ChunkTile.ROWS * rowBytes) {
      FloatVector acc0 = FloatVector.fromMemorySegment(F, raw, rawAt, NATIVE);
      FloatVector t0 = acc0.fma(inverse, high0);
      low0 = low0.add(t0.sub(high0).fma(minusBase, acc0));
      high0 = t0;
      FloatVector acc1 = FloatVector.fromMemorySegment(F, raw, rawAt + rowBytes, NATIVE);
      FloatVector t1 = acc1.fma(inverse, high1);
      low1 = low1.add(t1.sub(high1).fma(minusBase, acc1));
      high1 = t1;
      FloatVector acc2 = FloatVector.fromMemorySegment(F, raw, rawAt + 2 * rowBytes, NATIVE);
      FloatVector t2 = acc2.fma(inverse, high2);
      low2 = low2.add(t2.sub(high2).fma(minusBase, acc2));
      high2 = t2;
    }
    low0.intoArray(sums, at);
    low1.intoArray(sums, at + step);
    low2.intoArray(sums, at + 2 * step);
    high0.sub(INTEGERS).intoArray(sums, at + LANES);
    high1.sub(INTEGERS).intoArray(sums, at + step + LANES);
    high2.sub(INTEGERS).intoArray(sums, at + 2 * step + LANES);
  }

  @Override
  public void endGroup(FoldTile tile) {
    for (int row = 0; row < ChunkTile.ROWS; row++) {
      int at = tile.yAt + row * tile.columns;
      end(
          tile.columns,
          tile.sums,
          at,
          tile.offsets[row],
          tile.scales,
          tile.weightSums,
          tile.groupAt,
          tile.y);
    }
  }

  private static void end(
      int columns,
      float[] sums,
      int at,
      float offset,
      MemorySegment scales,
      MemorySegment weightSums,
      long groupAt,
      float[] y) {
    FloatVector zero = FloatVector.zero(F);
    for (int c = 0; c < columns; c += LANES) {
      add(
          FloatVector.fromArray(F, sums, at + c),
          offset,
          scales,
          weightSums,
          groupAt + 4L * c,
          y,
          at + c);
      zero.intoArray(sums, at + c);
    }
  }

  @Override
  public void write(
      FoldTile tile,
      int row,
      int count,
      float rowScale,
      float[] bias,
      int biasAt,
      float[] out,
      int to) {
    float offset = tile.hasOffsets ? tile.offsets[row] : 0;
    long rawAt = (long) row * tile.vectors * VECTOR;
    write(
        count,
        tile.raw,
        rawAt,
        tile.scales,
        tile.weightSums,
        offset,
        rowScale,
        bias,
        biasAt,
        out,
        to);
  }

  private static void write(
      int count,
      MemorySegment raw,
      long rawAt,
      MemorySegment scales,
      MemorySegment weightSums,
      float offset,
      float rowScale,
      float[] bias,
      int biasAt,
      float[] out,
      int to) {
    raw = NativeSegments.offHeap(raw);
    scales = NativeSegments.offHeap(scales);
    weightSums = NativeSegments.offHeap(weightSums);
    FloatVector zero = FloatVector.zero(F);
    FloatVector factor = FloatVector.broadcast(F, rowScale);
    FloatVector moved = FloatVector.broadcast(F, offset);
    FloatVector inverse = FloatVector.broadcast(F, INVERSE);
    FloatVector integers = FloatVector.broadcast(F, INTEGERS);
    FloatVector minusBase = FloatVector.broadcast(F, -BASE);
    for (int c = 0; c < count; c += 2 * LANES, rawAt += VECTOR) {
      FloatVector acc = FloatVector.fromMemorySegment(F, raw, rawAt, NATIVE);
      FloatVector high = acc.fma(inverse, integers).sub(integers);
      FloatVector low = high.fma(minusBase, acc);
      FloatVector lowSum =
          moved.fma(FloatVector.fromMemorySegment(F, weightSums, 4L * c, NATIVE), low);
      FloatVector highSum =
          moved.fma(FloatVector.fromMemorySegment(F, weightSums, 4L * c + VECTOR, NATIVE), high);
      FloatVector y0 = lowSum.fma(FloatVector.fromMemorySegment(F, scales, 4L * c, NATIVE), zero);
      FloatVector y1 =
          highSum.fma(FloatVector.fromMemorySegment(F, scales, 4L * c + VECTOR, NATIVE), zero);
      y0.fma(factor, FloatVector.fromArray(F, bias, biasAt + c)).intoArray(out, to + c);
      y1.fma(factor, FloatVector.fromArray(F, bias, biasAt + c + LANES))
          .intoArray(out, to + c + LANES);
    }
  }
}
