package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * 4-bit weights in 16-bit lanes, twice as many products per vector as FP32 lanes hold. The two halves of a 32-bit lane belong to one output
 * and to inputs {@code j} and {@code j + 4} of a word; they are added when a chunk is folded.
 *
 * <p>Sums start at -1 and the fold adds 2: sixteen bits reach from -32768 to 32767, and it is the positive end where the product of the two
 * smallest codes leaves the least room. With it 64 inputs of symmetric W4A8 make one chunk.
 */
final class ShortLevels implements LevelPanels {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;
  private static final int COLUMNS = 2 * LANES;
  private static final int TILE = ROWS * COLUMNS;
  private static final int VECTOR = 4 * LANES; // bytes
  private static final int STEP = 2 * VECTOR; // bytes of a panel for two inputs
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

  @Override
  public int columns() {
    return COLUMNS;
  }

  @Override
  public int exactInputs(IntWeights weights, ActivationQuantizer quantizer) {
    int largest = weights.maxLevel() * quantizer.maxLevel();
    boolean areSigned = weights.isSymmetric() && quantizer.symmetric(); // then no product is below -(largest - 1)
    int steps = areSigned ? 32768 / largest : 32766 / largest;
    return 2 * steps / IntWeights.INPUT_STEP * IntWeights.INPUT_STEP;
  }

  @Override
  public long panelBytes(int count) {
    return (long) Math.ceilDiv(count, IntWeights.INPUT_STEP) * 4 * STEP;
  }

  @Override
  public void unpack(IntWeights weights, int firstOut, int firstIn, int count, MemorySegment panel) {
    int rows = weights.panels() * IntWeights.PANEL_ROWS;
    int firstLine = firstIn / IntWeights.INPUT_STEP;
    int lastLine = firstLine + Math.ceilDiv(count, IntWeights.INPUT_STEP);
    int linesPerGroup = weights.linesPerGroup();
    for (int half = 0; half < 2; half++) {
      int row = Math.min(firstOut + half * LANES, rows - LANES); // beyond the last row: any values, they are not used
      long to = (long) half * VECTOR;
      for (int line = firstLine; line < lastLine; ) {
        int group = line / linesPerGroup;
        int end = Math.min(lastLine, (group + 1) * linesPerGroup);
        long zeroAt = weights.zeroPointsAt(row) + (long) group * weights.zeroPointStep();
        lines(weights.segment(), weights.lineAt(row) + (long) line * IntWeights.LINE, end - line, zeroAt, panel, to);
        to += (long) (end - line) * 4 * STEP;
        line = end;
      }
    }
  }

  private static void lines(MemorySegment codes, long from, int lines, long zeroAt, MemorySegment panel, long to) {
    IntVector zero = IntVector.fromMemorySegment(I, codes, zeroAt, LITTLE_ENDIAN);
    ShortVector zeros = zero.or(zero.lanewise(LSHL, 16)).reinterpretAsShorts();
    ShortVector mask = IntVector.broadcast(I, 0x000F_000F).reinterpretAsShorts();
    for (int line = 0; line < lines; line++) {
      ShortVector w = IntVector.fromMemorySegment(I, codes, from + (long) line * IntWeights.LINE, LITTLE_ENDIAN).reinterpretAsShorts();
      for (int j = 0; j < 4; j++, to += STEP) {
        w.and(mask).sub(zeros).reinterpretAsInts().intoMemorySegment(panel, to, NATIVE);
        w = w.lanewise(LSHR, 4);
      }
    }
  }

  @Override
  public void products(
      Activations x, int row, int rows, int firstIn, int count, int chunkInputs, int chunks, MemorySegment panel, Tiles tiles) {
    int[] pairs = x.pairs();
    int stride = x.stride() / 2;
    int at = row * stride + firstIn / 2;
    int padded = Math.ceilDiv(count, IntWeights.INPUT_STEP) * IntWeights.INPUT_STEP;
    for (int chunk = 0; chunk < chunks; chunk++) {
      int from = chunk * chunkInputs;
      int steps = Math.min(chunkInputs, padded - from) / 2;
      tile(steps, pairs, at + from / 2, stride, rows, panel, (long) from / 2 * STEP, tiles.raw(), chunk * TILE);
    }
  }

  /** {@code raw[r, :] = sum over s of pairs[r, s] * panel[s, :]} in each 16-bit lane. */
  private static void tile(int steps, int[] pairs, int at, int stride, int rows, MemorySegment panel, long panelAt, int[] raw, int rawAt) {
    int at1 = at + Math.min(1, rows - 1) * stride;
    int at2 = at + Math.min(2, rows - 1) * stride;
    int at3 = at + Math.min(3, rows - 1) * stride;
    int at4 = at + Math.min(4, rows - 1) * stride;
    int at5 = at + Math.min(5, rows - 1) * stride;
    ShortVector start = IntVector.broadcast(I, -1).reinterpretAsShorts();
    ShortVector c00 = start;
    ShortVector c01 = start;
    ShortVector c10 = start;
    ShortVector c11 = start;
    ShortVector c20 = start;
    ShortVector c21 = start;
    ShortVector c30 = start;
    ShortVector c31 = start;
    ShortVector c40 = start;
    ShortVector c41 = start;
    ShortVector c50 = start;
    ShortVector c51 = start;
    for (int s = 0; s < steps; s++) {
      ShortVector b0 = IntVector.fromMemorySegment(I, panel, panelAt + s * STEP, NATIVE).reinterpretAsShorts();
      ShortVector b1 = IntVector.fromMemorySegment(I, panel, panelAt + s * STEP + VECTOR, NATIVE).reinterpretAsShorts();
      ShortVector x0 = IntVector.broadcast(I, pairs[at + s]).reinterpretAsShorts();
      c00 = b0.mul(x0).add(c00);
      c01 = b1.mul(x0).add(c01);
      ShortVector x1 = IntVector.broadcast(I, pairs[at1 + s]).reinterpretAsShorts();
      c10 = b0.mul(x1).add(c10);
      c11 = b1.mul(x1).add(c11);
      ShortVector x2 = IntVector.broadcast(I, pairs[at2 + s]).reinterpretAsShorts();
      c20 = b0.mul(x2).add(c20);
      c21 = b1.mul(x2).add(c21);
      ShortVector x3 = IntVector.broadcast(I, pairs[at3 + s]).reinterpretAsShorts();
      c30 = b0.mul(x3).add(c30);
      c31 = b1.mul(x3).add(c31);
      ShortVector x4 = IntVector.broadcast(I, pairs[at4 + s]).reinterpretAsShorts();
      c40 = b0.mul(x4).add(c40);
      c41 = b1.mul(x4).add(c41);
      ShortVector x5 = IntVector.broadcast(I, pairs[at5 + s]).reinterpretAsShorts();
      c50 = b0.mul(x5).add(c50);
      c51 = b1.mul(x5).add(c51);
    }
    c00.reinterpretAsInts().intoArray(raw, rawAt);
    c01.reinterpretAsInts().intoArray(raw, rawAt + LANES);
    c10.reinterpretAsInts().intoArray(raw, rawAt + 2 * LANES);
    c11.reinterpretAsInts().intoArray(raw, rawAt + 3 * LANES);
    c20.reinterpretAsInts().intoArray(raw, rawAt + 4 * LANES);
    c21.reinterpretAsInts().intoArray(raw, rawAt + 5 * LANES);
    c30.reinterpretAsInts().intoArray(raw, rawAt + 6 * LANES);
    c31.reinterpretAsInts().intoArray(raw, rawAt + 7 * LANES);
    c40.reinterpretAsInts().intoArray(raw, rawAt + 8 * LANES);
    c41.reinterpretAsInts().intoArray(raw, rawAt + 9 * LANES);
    c50.reinterpretAsInts().intoArray(raw, rawAt + 10 * LANES);
    c51.reinterpretAsInts().intoArray(raw, rawAt + 11 * LANES);
  }

  @Override
  public void foldGroups(IntWeights weights, int firstOut, int firstGroup, int chunks, Tiles tiles, int yAt) {
    for (int i = 0; i < TILE; i += LANES) {
      long scaleAt = weights.scalesAt(scaleRow(weights, firstOut + i % COLUMNS)) + (long) firstGroup * IntWeights.LINE;
      foldGroups(weights.segment(), scaleAt, tiles.raw(), i, chunks, tiles.y(), yAt + i);
    }
  }

  private static void foldGroups(MemorySegment segment, long scaleAt, int[] raw, int rawAt, int chunks, float[] y, int yAt) {
    FloatVector total = FloatVector.fromArray(F, y, yAt);
    for (int chunk = 0; chunk < chunks; chunk++) {
      FloatVector sum = (FloatVector) sumOfHalves(IntVector.fromArray(I, raw, rawAt + chunk * TILE)).convert(I2F, 0);
      total = sum.fma(FloatVector.fromMemorySegment(F, segment, scaleAt + (long) chunk * IntWeights.LINE, LITTLE_ENDIAN), total);
    }
    total.intoArray(y, yAt);
  }

  @Override
  public void foldParts(IntWeights weights, int firstOut, int group, boolean isLast, int chunks, Tiles tiles, int yAt) {
    for (int i = 0; i < TILE; i += LANES) {
      foldParts(tiles.raw(), i, chunks, tiles.sums(), yAt + i);
      if (isLast) {
        long scaleAt = weights.scalesAt(scaleRow(weights, firstOut + i % COLUMNS)) + (long) group * IntWeights.LINE;
        LevelPanels.endGroup(weights.segment(), scaleAt, tiles.sums(), tiles.y(), yAt + i);
      }
    }
  }

  private static void foldParts(int[] raw, int rawAt, int chunks, int[] sums, int at) {
    IntVector total = IntVector.fromArray(I, sums, at);
    for (int chunk = 0; chunk < chunks; chunk++) {
      total = total.add(sumOfHalves(IntVector.fromArray(I, raw, rawAt + chunk * TILE)));
    }
    total.intoArray(sums, at);
  }

  private static int scaleRow(IntWeights weights, int row) {
    return Math.min(row, weights.panels() * IntWeights.PANEL_ROWS - LANES);
  }

  /** The signed 16-bit halves of each lane, added, without the -1 that each of them started at. */
  private static IntVector sumOfHalves(IntVector pairs) {
    return pairs.lanewise(LSHL, 16).lanewise(ASHR, 16).add(pairs.lanewise(ASHR, 16)).add(2);
  }
}
