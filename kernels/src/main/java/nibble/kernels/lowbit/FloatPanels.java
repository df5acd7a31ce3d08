package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.gemm.PanelSource;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/** Unpacks codes to FP32 panels: weights, {@code scale * level}. */
record FloatPanels(IntWeights weights) implements PanelSource {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;

  /** Bits of 2^23: with a code in the lowest bits, the float 2^23 + code. */
  private static final int TWO_TO_23 = 0x4B000000;

  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

  @Override
  public int out() {
    return weights.out();
  }

  @Override
  public int in() {
    return weights.in();
  }

  @Override
  public int inputStep() {
    return IntWeights.INPUT_STEP;
  }

  @Override
  public void fill(int firstOut, int columns, int firstIn, int count, MemorySegment panel) {
    int rows = weights.panels() * IntWeights.PANEL_ROWS;
    int words =
        Math.ceilDiv(count, IntWeights.INPUT_STEP)
            * IntWeights.INPUT_STEP
            / weights.inputsPerWord();
    int firstWord = firstIn / weights.inputsPerWord();
    for (int column = 0; column < columns; column += LANES) {
      int row = firstOut + column;
      if (row >= rows) {
        zero(columns, words * weights.inputsPerWord(), panel, 4L * column);
        continue;
      }
      int wordsPerGroup = weights.linesPerGroup();
      long to = 4L * column;
      for (int word = firstWord; word < firstWord + words; ) {
        int group = word / wordsPerGroup;
        int end = Math.min(firstWord + words, (group + 1) * wordsPerGroup);
        long zeroAt = weights.zeroPointsAt(row) + (long) group * weights.zeroPointStep();
        long from = weights.lineAt(row) + (long) word * IntWeights.LINE;
        words(weights, row, group, from, end - word, zeroAt, panel, to, 4L * columns);
        to += (long) (end - word) * weights.inputsPerWord() * 4 * columns;
        word = end;
      }
    }
  }

  private static void zero(int columns, int count, MemorySegment panel, long to) {
    panel = NativeSegments.offHeap(panel);
    for (int i = 0; i < count; i++) {
      FloatVector.zero(F).intoMemorySegment(panel, to + 4L * i * columns, NATIVE);
    }
  }

  private static void words(
      IntWeights weights,
      int row,
      int group,
      long from,
      int words,
      long zeroAt,
      MemorySegment panel,
      long to,
      long step) {
    panel = NativeSegments.offHeap(panel);
    MemorySegment codes = NativeSegments.offHeap(weights.segment());
    int bits = weights.containerBits();
    FloatVector zero =
        IntVector.fromMemorySegment(I, codes, zeroAt, LITTLE_ENDIAN)
            .or(TWO_TO_23)
            .reinterpretAsFloats();
    FloatVector scale =
        weights.hasHalfScales()
            ? ScaleLines.half(weights, row, group)
            : ScaleLines.whole(weights, row, group);
    int mask = (1 << bits) - 1;
    int perWord = 32 / bits;
    for (int word = 0; word < words; word++) {
      IntVector w =
          IntVector.fromMemorySegment(
              I, codes, from + (long) word * IntWeights.LINE, LITTLE_ENDIAN);
      for (int i = 0; i < perWord; i++, to += step) {
        w.and(mask)
            .or(TWO_TO_23)
            .reinterpretAsFloats()
            .sub(zero)
            .mul(scale)
            .intoMemorySegment(panel, to, NATIVE);
        w = w.lanewise(LSHR, bits);
      }
    }
  }
}
