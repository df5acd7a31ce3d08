package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.F2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/**
 * One output in each FP32 lane: as many products as an FP32 product has, for any bit widths.
 * Activations have no offsets here.
 */
final class SingleLanes implements LevelLanes {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;
  private static final long VECTOR = ChunkTile.VECTOR;
  private static final int LINE = IntWeights.LINE;
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

  /** Bits of 2^23: with a code in the lowest bits, the float 2^23 + code. */
  private static final int TWO_TO_23 = 0x4B000000;

  @Override
  public int fields() {
    return 1;
  }

  @Override
  public int exactInputs(IntWeights weights, ActivationQuantizer quantizer) {
    return (1 << 24)
        / (weights.maxLevel() * quantizer.maxLevel())
        / IntWeights.INPUT_STEP
        * IntWeights.INPUT_STEP;
  }

  @Override
  public boolean takesOffsets() {
    return false;
  }

  @Override
  public void unpack(
      IntWeights weights, int firstOut, int vectors, int firstIn, int count, MemorySegment panel) {
    int lastRow =
        weights.panels() * IntWeights.PANEL_ROWS
            - LANES; // beyond the last row: any values, they are not used
    int perWord = weights.inputsPerWord();
    int first = firstIn / perWord;
    int last = first + Math.ceilDiv(count, IntWeights.INPUT_STEP) * IntWeights.INPUT_STEP / perWord;
    int linesPerGroup = weights.linesPerGroup();
    long step = (long) vectors * VECTOR;
    for (int v = 0; v < vectors; v++) {
      int row = Math.min(firstOut + v * LANES, lastRow);
      long to = (long) v * VECTOR;
      for (int line = first; line < last; ) {
        int group = line / linesPerGroup;
        int end = Math.min(last, (group + 1) * linesPerGroup);
        long zeroAt = weights.zeroPointsAt(row) + (long) group * weights.zeroPointStep();
        long codeAt = weights.lineAt(row) + (long) line * LINE;
        if (weights.containerBits() == 4) {
          nibbles(weights.segment(), codeAt, zeroAt, end - line, panel, to, step);
        } else {
          bytes(weights.segment(), codeAt, zeroAt, end - line, panel, to, step);
        }
        to += (long) (end - line) * perWord * step;
        line = end;
      }
    }
  }

  private static void nibbles(
      MemorySegment codes,
      long codeAt,
      long zeroAt,
      int lines,
      MemorySegment panel,
      long to,
      long step) {
    codes = NativeSegments.offHeap(codes);
    panel = NativeSegments.offHeap(panel);
    FloatVector zero =
        IntVector.fromMemorySegment(I, codes, zeroAt, LITTLE_ENDIAN)
            .or(TWO_TO_23)
            .reinterpretAsFloats();
    for (int line = 0; line < lines; line++) {
      IntVector w =
          IntVector.fromMemorySegment(I, codes, codeAt + (long) line * LINE, LITTLE_ENDIAN);
      for (int i = 0; i < 8; i++, to += step) {
        w.and(0xF)
            .or(TWO_TO_23)
            .reinterpretAsFloats()
            .sub(zero)
            .intoMemorySegment(panel, to, NATIVE);
        w = w.lanewise(LSHR, 4);
      }
    }
  }

  private static void bytes(
      MemorySegment codes,
      long codeAt,
      long zeroAt,
      int lines,
      MemorySegment panel,
      long to,
      long step) {
    codes = NativeSegments.offHeap(codes);
    panel = NativeSegments.offHeap(panel);
    FloatVector zero =
        IntVector.fromMemorySegment(I, codes, zeroAt, LITTLE_ENDIAN)
            .or(TWO_TO_23)
            .reinterpretAsFloats();
    for (int line = 0; line < lines; line++, to += 4 * step) {
      IntVector w =
          IntVector.fromMemorySegment(I, codes, codeAt + (long) line * LINE, LITTLE_ENDIAN);
      w.and(0xFF)
          .or(TWO_TO_23)
          .reinterpretAsFloats()
          .sub(zero)
          .intoMemorySegment(panel, to, NATIVE);
      w.lanewise(LSHR, 8)
          .and(0xFF)
          .or(TWO_TO_23)
          .reinterpretAsFloats()
          .sub(zero)
          .intoMemorySegment(panel, to + step, NATIVE);
      w.lanewise(LSHR, 16)
          .and(0xFF)
          .or(TWO_TO_23)
          .reinterpretAsFloats()
          .sub(zero)
          .intoMemorySegment(panel, to + 2 * step, NATIVE);
      w.lanewise(LSHR, 24)
          .or(TWO_TO_23)
          .reinterpretAsFloats()
          .sub(zero)
          .intoMemorySegment(panel, to + 3 * step, NATIVE);
    }
  }

  @Override
  public void addWeightSums(
      int vectors, int chunks, int parts, MemorySegment raw, MemorySegment weightSums, long sumAt) {
    throw new IllegalStateException("activations without offsets need no sums of weights");
  }

  @Override
  public void foldGroups(FoldTile tile, int groups) {
    for (int row = 0; row < ChunkTile.ROWS; row++) {
      for (int v = 0; v < tile.vectors; v++) {
        long rawAt = ((long) row * tile.vectors + v) * VECTOR;
        int yAt = tile.yAt + row * tile.columns + v * LANES;
        groups(
            groups,
            tile.vectors,
            tile.raw,
            rawAt,
            tile.scales,
            tile.groupAt + (long) v * VECTOR,
            tile.y,
            yAt);
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
      int yAt) {
    raw = NativeSegments.offHeap(raw);
    scales = NativeSegments.offHeap(scales);
    FloatVector total = FloatVector.fromArray(F, y, yAt);
    long rowBytes = (long) vectors * VECTOR;
    for (int g = 0; g < groups; g++, rawAt += ChunkTile.ROWS * rowBytes, scaleAt += rowBytes) {
      FloatVector sum = FloatVector.fromMemorySegment(F, raw, rawAt, NATIVE);
      total = sum.fma(FloatVector.fromMemorySegment(F, scales, scaleAt, NATIVE), total);
    }
    total.intoArray(y, yAt);
  }

  @Override
  public void foldParts(FoldTile tile, int chunks) {
    for (int row = 0; row < ChunkTile.ROWS; row++) {
      for (int v = 0; v < tile.vectors; v++) {
        long rawAt = tile.rawAt + ((long) row * tile.vectors + v) * VECTOR;
        parts(
            chunks,
            tile.vectors,
            tile.raw,
            rawAt,
            tile.intSums,
            tile.yAt + row * tile.columns + v * LANES);
      }
    }
  }

  private static void parts(
      int chunks, int vectors, MemorySegment raw, long rawAt, int[] sums, int at) {
    raw = NativeSegments.offHeap(raw);
    IntVector total = IntVector.fromArray(I, sums, at);
    for (int chunk = 0;
        chunk < chunks;
        chunk++, rawAt += (long) ChunkTile.ROWS * vectors * VECTOR) {
      total =
          total.add(
              (IntVector) FloatVector.fromMemorySegment(F, raw, rawAt, NATIVE).convert(F2I, 0));
    }
    total.intoArray(sums, at);
  }

  @Override
  public void endGroup(FoldTile tile) {
    for (int row = 0; row < ChunkTile.ROWS; row++) {
      end(
          tile.columns,
          tile.intSums,
          tile.yAt + row * tile.columns,
          tile.scales,
          tile.groupAt,
          tile.y);
    }
  }

  private static void end(
      int columns, int[] sums, int at, MemorySegment scales, long scaleAt, float[] y) {
    scales = NativeSegments.offHeap(scales);
    IntVector zero = IntVector.zero(I);
    for (int c = 0; c < columns; c += LANES) {
      FloatVector sum = (FloatVector) IntVector.fromArray(I, sums, at + c).convert(I2F, 0);
      sum.fma(
              FloatVector.fromMemorySegment(F, scales, scaleAt + 4L * c, NATIVE),
              FloatVector.fromArray(F, y, at + c))
          .intoArray(y, at + c);
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
    write(
        count,
        tile.raw,
        (long) row * tile.vectors * VECTOR,
        tile.scales,
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
      float rowScale,
      float[] bias,
      int biasAt,
      float[] out,
      int to) {
    raw = NativeSegments.offHeap(raw);
    scales = NativeSegments.offHeap(scales);
    FloatVector zero = FloatVector.zero(F);
    FloatVector factor = FloatVector.broadcast(F, rowScale);
    for (int c = 0; c < count; c += LANES) {
      FloatVector sum = FloatVector.fromMemorySegment(F, raw, rawAt + 4L * c, NATIVE);
      FloatVector y = sum.fma(FloatVector.fromMemorySegment(F, scales, 4L * c, NATIVE), zero);
      y.fma(factor, FloatVector.fromArray(F, bias, biasAt + c)).intoArray(out, to + c);
    }
  }
}
