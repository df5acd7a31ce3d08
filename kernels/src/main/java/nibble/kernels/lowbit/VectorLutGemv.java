package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.gemm.PanelGemm;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;
import org.jspecify.annotations.Nullable;

/**
 * A lane for each output row. A table fills one vector register, so it covers as many activations
 * as a lane number has bits: 2, 3 or 4 for 128, 256 or 512 bits; one permutation looks up a whole
 * vector of rows. Many rows share the cost of unpacking to FP32 panels instead, which a product by
 * {@link PanelGemm} reads. Task scratch: float slots 0 and 1, segment slot 1.
 */
final class VectorLutGemv implements LutGemv {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;
  private static final int ROWS = 2 * LANES;
  private static final int LINE = IntWeights.LINE;

  /** Up to so many rows look sums up; more rows unpack panels. */
  static final int FEW_ROWS = 3;

  /** Activations of one table. */
  private static final int INPUTS = Integer.numberOfTrailingZeros(LANES);

  /** Tables for one word; the last one may cover fewer activations. */
  private static final int TABLES = Math.ceilDiv(BinaryWeights.WORD_INPUTS, INPUTS);

  /** Tables and sums, which all tasks share: they belong to the thread that called. */
  private final ThreadLocal<Scratch> shared = ThreadLocal.withInitial(Scratch::new);

  @Override
  public void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      BinaryWeights weights,
      float @Nullable [] bias,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    Arguments.check(
        rows, x, xOffset, xStride, weights.in(), bias, out, outOffset, outStride, weights.out());
    if (rows > FEW_ROWS) {
      PanelGemm.multiply(
          rows,
          x,
          xOffset,
          xStride,
          new BinaryPanels(weights),
          bias,
          out,
          outOffset,
          outStride,
          splitter);
      return;
    }
    int groups = weights.groups();
    int[] tables = shared.get().ints(0, weights.words() * TABLES * LANES);
    float[] sums = shared.get().floats(0, groups);
    int blocks = Math.ceilDiv(weights.out(), ROWS);
    int tasks = splitter.workers() == 1 ? 1 : Math.min(blocks, 2 * splitter.workers());
    for (int r = 0; r < rows; r++) {
      prepare(weights, x, xOffset + r * xStride, tables, sums);
      int outAt = outOffset + r * outStride;
      splitter.run(
          tasks,
          (task, scratch) -> {
            float[] raw = scratch.floats(0, groups * weights.planes() * ROWS);
            float[] y = scratch.floats(1, ROWS);
            int to = (int) ((long) blocks * (task + 1) / tasks);
            for (int block = (int) ((long) blocks * task / tasks); block < to; block++) {
              block(weights, block * ROWS, tables, sums, raw, y);
              int columns = Math.min(ROWS, weights.out() - block * ROWS);
              OutputRow.write(columns, y, 0, 1, bias, block * ROWS, out, outAt + block * ROWS);
            }
          });
    }
  }

  private static void prepare(
      BinaryWeights weights, float[] x, int xAt, int[] tables, float[] sums) {
    int limit = xAt + weights.in();
    for (int word = 0; word < weights.words(); word++) {
      int from = xAt + word * BinaryWeights.WORD_INPUTS;
      int end = Math.min(limit, from + BinaryWeights.WORD_INPUTS);
      for (int table = 0; table < TABLES; table++) {
        LutTables.build(
            x, from + table * INPUTS, INPUTS, end, tables, (word * TABLES + table) * LANES);
      }
    }
    int size = weights.groupSize();
    for (int g = 0; g < weights.groups(); g++) {
      double sum = 0;
      for (int k = g * size; k < (g + 1) * size; k++) {
        sum += x[xAt + k];
      }
      sums[g] = (float) sum;
    }
  }

  private static void block(
      BinaryWeights weights, int firstRow, int[] tables, float[] sums, float[] raw, float[] y) {
    int rows = weights.panels() * IntWeights.PANEL_ROWS;
    int secondRow = firstRow + LANES < rows ? firstRow + LANES : firstRow;
    MemorySegment segment = weights.segment();
    int planes = weights.planes();
    int groups = weights.groups();
    int words = weights.words() / groups;
    for (int plane = 0; plane < planes; plane++) {
      long code0 = weights.lineAt(firstRow, plane);
      long code1 = weights.lineAt(secondRow, plane);
      plane(
          segment,
          code0,
          code1,
          groups,
          words,
          planes * LINE,
          tables,
          raw,
          plane * ROWS,
          planes * ROWS);
    }
    scale(weights, firstRow, sums, raw, 0, y, 0);
    scale(weights, secondRow, sums, raw, LANES, y, LANES);
  }

  private static void plane(
      MemorySegment segment,
      long code0,
      long code1,
      int groups,
      int words,
      int wordStep,
      int[] tables,
      float[] raw,
      int rawAt,
      int rawStep) {
    segment = NativeSegments.offHeap(segment);
    int table = 0;
    for (int g = 0; g < groups; g++, rawAt += rawStep) {
      FloatVector a0 = FloatVector.zero(F);
      FloatVector a1 = FloatVector.zero(F);
      for (int word = 0; word < words; word++, code0 += wordStep, code1 += wordStep) {
        IntVector w0 = IntVector.fromMemorySegment(I, segment, code0, LITTLE_ENDIAN);
        IntVector w1 = IntVector.fromMemorySegment(I, segment, code1, LITTLE_ENDIAN);
        for (int i = 0; i < TABLES; i++, table += LANES) {
          IntVector t = IntVector.fromArray(I, tables, table);
          a0 = a0.add(w0.and(LANES - 1).selectFrom(t).reinterpretAsFloats());
          a1 = a1.add(w1.and(LANES - 1).selectFrom(t).reinterpretAsFloats());
          w0 = w0.lanewise(LSHR, INPUTS);
          w1 = w1.lanewise(LSHR, INPUTS);
        }
      }
      a0.intoArray(raw, rawAt);
      a1.intoArray(raw, rawAt + LANES);
    }
  }

  /**
   * Sum over the groups of {@code sum over planes of alpha * raw, plus offset * sum} for one vector
   * of rows.
   */
  private static void scale(
      BinaryWeights weights, int row, float[] sums, float[] raw, int rawAt, float[] y, int yAt) {
    MemorySegment segment = NativeSegments.offHeap(weights.segment());
    int count = weights.groups() * weights.planes();
    long alphaAt = weights.alphasAt(row);
    FloatVector total = FloatVector.zero(F);
    for (int i = 0; i < count; i++) {
      FloatVector alpha =
          FloatVector.fromMemorySegment(F, segment, alphaAt + (long) i * LINE, LITTLE_ENDIAN);
      total = FloatVector.fromArray(F, raw, rawAt + i * ROWS).fma(alpha, total);
    }
    total.intoArray(y, yAt);
    if (weights.hasOffset()) {
      addOffsets(segment, weights.offsetsAt(row), weights.groups(), sums, y, yAt);
    }
  }

  /**
   * A method of its own: a vector carried through two loops, the second of them conditional, is
   * boxed.
   */
  private static void addOffsets(
      MemorySegment segment, long offsetAt, int groups, float[] sums, float[] y, int yAt) {
    segment = NativeSegments.offHeap(segment);
    FloatVector total = FloatVector.fromArray(F, y, yAt);
    for (int g = 0; g < groups; g++) {
      FloatVector offset =
          FloatVector.fromMemorySegment(F, segment, offsetAt + (long) g * LINE, LITTLE_ENDIAN);
      total = offset.fma(FloatVector.broadcast(F, sums[g]), total);
    }
    total.intoArray(y, yAt);
  }
}
