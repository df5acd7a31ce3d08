package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.gemm.PanelSource;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/**
 * Unpacks binary codes to FP32 panels. A lane for each output row: the bit of an input, moved to
 * the sign's place, flips the sign of alpha. Planes are added two at a time, the offset first; each
 * addition rounds.
 */
record BinaryPanels(BinaryWeights weights) implements PanelSource {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;
  private static final int LINE = IntWeights.LINE;
  private static final int WORD_INPUTS = BinaryWeights.WORD_INPUTS;
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
    return WORD_INPUTS;
  }

  @Override
  public void fill(int firstOut, int columns, int firstIn, int count, MemorySegment panel) {
    int rows = weights.panels() * IntWeights.PANEL_ROWS;
    int firstWord = firstIn / WORD_INPUTS;
    int words = Math.ceilDiv(count, WORD_INPUTS);
    int wordsPerGroup = weights.words() / weights.groups();
    long step = 4L * columns;
    for (int column = 0; column < columns; column += LANES) {
      int row = firstOut + column;
      if (row >= rows) {
        zero(words * WORD_INPUTS, panel, 4L * column, step);
        continue;
      }
      for (int word = firstWord; word < firstWord + words; word++) {
        long to = 4L * column + (long) (word - firstWord) * WORD_INPUTS * step;
        word(row, word, word / wordsPerGroup, panel, to, step);
      }
    }
  }

  private static void zero(int count, MemorySegment panel, long to, long step) {
    panel = NativeSegments.offHeap(panel);
    for (int i = 0; i < count; i++) {
      FloatVector.zero(F).intoMemorySegment(panel, to + i * step, NATIVE);
    }
  }

  private void word(int row, int word, int group, MemorySegment panel, long to, long step) {
    MemorySegment segment = weights.segment();
    int planes = weights.planes();
    long codes = weights.lineAt(row, 0) + (long) word * planes * LINE;
    long alphas = weights.alphasAt(row) + (long) group * planes * LINE;
    long offset = weights.hasOffset() ? weights.offsetsAt(row) + (long) group * LINE : -1;
    if (planes == 1) {
      one(segment, codes, alphas, offset, panel, to, step);
    } else {
      two(segment, codes, alphas, offset, panel, to, step);
    }
    if (planes == 3) {
      addOne(segment, codes + 2 * LINE, alphas + 2 * LINE, panel, to, step);
    } else if (planes == 4) {
      addTwo(segment, codes + 2 * LINE, alphas + 2 * LINE, panel, to, step);
    }
  }

  private static FloatVector start(MemorySegment segment, long offset) {
    return offset < 0
        ? FloatVector.zero(F)
        : FloatVector.fromMemorySegment(F, segment, offset, LITTLE_ENDIAN);
  }

  private static void one(
      MemorySegment segment,
      long codes,
      long alphas,
      long offset,
      MemorySegment panel,
      long to,
      long step) {
    segment = NativeSegments.offHeap(segment);
    panel = NativeSegments.offHeap(panel);
    FloatVector start = start(segment, offset);
    IntVector alpha = IntVector.fromMemorySegment(I, segment, alphas, LITTLE_ENDIAN);
    IntVector minus = IntVector.fromMemorySegment(I, segment, codes, LITTLE_ENDIAN).not();
    for (int i = WORD_INPUTS - 1;
        i >= 0;
        i--) { // from the last input on, so that every shift is by one
      start.add(signed(alpha, minus)).intoMemorySegment(panel, to + i * step, NATIVE);
      minus = minus.lanewise(VectorOperators.LSHL, 1);
    }
  }

  private static void two(
      MemorySegment segment,
      long codes,
      long alphas,
      long offset,
      MemorySegment panel,
      long to,
      long step) {
    segment = NativeSegments.offHeap(segment);
    panel = NativeSegments.offHeap(panel);
    FloatVector start = start(segment, offset);
    IntVector alpha0 = IntVector.fromMemorySegment(I, segment, alphas, LITTLE_ENDIAN);
    IntVector alpha1 = IntVector.fromMemorySegment(I, segment, alphas + LINE, LITTLE_ENDIAN);
    IntVector minus0 = IntVector.fromMemorySegment(I, segment, codes, LITTLE_ENDIAN).not();
    IntVector minus1 = IntVector.fromMemorySegment(I, segment, codes + LINE, LITTLE_ENDIAN).not();
    for (int i = WORD_INPUTS - 1; i >= 0; i--) {
      start
          .add(signed(alpha0, minus0))
          .add(signed(alpha1, minus1))
          .intoMemorySegment(panel, to + i * step, NATIVE);
      minus0 = minus0.lanewise(VectorOperators.LSHL, 1);
      minus1 = minus1.lanewise(VectorOperators.LSHL, 1);
    }
  }

  private static void addOne(
      MemorySegment segment, long codes, long alphas, MemorySegment panel, long to, long step) {
    segment = NativeSegments.offHeap(segment);
    panel = NativeSegments.offHeap(panel);
    IntVector alpha = IntVector.fromMemorySegment(I, segment, alphas, LITTLE_ENDIAN);
    IntVector minus = IntVector.fromMemorySegment(I, segment, codes, LITTLE_ENDIAN).not();
    for (int i = WORD_INPUTS - 1; i >= 0; i--) {
      FloatVector sum = FloatVector.fromMemorySegment(F, panel, to + i * step, NATIVE);
      sum.add(signed(alpha, minus)).intoMemorySegment(panel, to + i * step, NATIVE);
      minus = minus.lanewise(VectorOperators.LSHL, 1);
    }
  }

  private static void addTwo(
      MemorySegment segment, long codes, long alphas, MemorySegment panel, long to, long step) {
    segment = NativeSegments.offHeap(segment);
    panel = NativeSegments.offHeap(panel);
    IntVector alpha0 = IntVector.fromMemorySegment(I, segment, alphas, LITTLE_ENDIAN);
    IntVector alpha1 = IntVector.fromMemorySegment(I, segment, alphas + LINE, LITTLE_ENDIAN);
    IntVector minus0 = IntVector.fromMemorySegment(I, segment, codes, LITTLE_ENDIAN).not();
    IntVector minus1 = IntVector.fromMemorySegment(I, segment, codes + LINE, LITTLE_ENDIAN).not();
    for (int i = WORD_INPUTS - 1; i >= 0; i--) {
      FloatVector sum = FloatVector.fromMemorySegment(F, panel, to + i * step, NATIVE);
      sum.add(signed(alpha0, minus0))
          .add(signed(alpha1, minus1))
          .intoMemorySegment(panel, to + i * step, NATIVE);
      minus0 = minus0.lanewise(VectorOperators.LSHL, 1);
      minus1 = minus1.lanewise(VectorOperators.LSHL, 1);
    }
  }

  private static FloatVector signed(IntVector alpha, IntVector minus) {
    return minus.and(Integer.MIN_VALUE).lanewise(VectorOperators.XOR, alpha).reinterpretAsFloats();
  }
}
