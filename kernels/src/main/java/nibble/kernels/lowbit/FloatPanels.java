package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.gemm.PanelSource;
import nibble.kernels.platform.Lanes;

/** Unpacks codes to FP32 panels: weights ({@code scale * level}), or the levels alone. */
record FloatPanels(IntWeights weights) implements PanelSource {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;
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
    fill(firstOut, columns, firstIn, count, true, panel);
  }

  /** The integers {@code code - zeroPoint}, in the same order. */
  void fillLevels(int firstOut, int columns, int firstIn, int count, MemorySegment panel) {
    fill(firstOut, columns, firstIn, count, false, panel);
  }

  private void fill(int firstOut, int columns, int firstIn, int count, boolean isScaled, MemorySegment panel) {
    int rows = weights.panels() * IntWeights.PANEL_ROWS;
    int words = Math.ceilDiv(count, IntWeights.INPUT_STEP) * IntWeights.INPUT_STEP / weights.inputsPerWord();
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
        long scaleAt = isScaled ? weights.scalesAt(row) + (long) group * IntWeights.LINE : -1;
        long zeroAt = weights.zeroPointsAt(row) + (long) group * weights.zeroPointStep();
        long from = weights.lineAt(row) + (long) word * IntWeights.LINE;
        words(weights.segment(), from, end - word, weights.containerBits(), scaleAt, zeroAt, panel, to, 4L * columns);
        to += (long) (end - word) * weights.inputsPerWord() * 4 * columns;
        word = end;
      }
    }
  }

  private static void zero(int columns, int count, MemorySegment panel, long to) {
    for (int i = 0; i < count; i++) {
      FloatVector.zero(F).intoMemorySegment(panel, to + 4L * i * columns, NATIVE);
    }
  }

  private static void words(
      MemorySegment codes, long from, int words, int bits, long scaleAt, long zeroAt, MemorySegment panel, long to, long step) {
    IntVector zero = IntVector.fromMemorySegment(I, codes, zeroAt, LITTLE_ENDIAN);
    FloatVector scale =
        scaleAt < 0 ? FloatVector.broadcast(F, 1) : FloatVector.fromMemorySegment(F, codes, scaleAt, LITTLE_ENDIAN);
    int mask = (1 << bits) - 1;
    int perWord = 32 / bits;
    for (int word = 0; word < words; word++) {
      IntVector w = IntVector.fromMemorySegment(I, codes, from + (long) word * IntWeights.LINE, LITTLE_ENDIAN);
      for (int i = 0; i < perWord; i++, to += step) {
        ((FloatVector) w.and(mask).sub(zero).convert(I2F, 0)).mul(scale).intoMemorySegment(panel, to, NATIVE);
        w = w.lanewise(LSHR, bits);
      }
    }
  }
}
