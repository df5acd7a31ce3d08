package nibble.kernels.lowbit;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/**
 * The innermost loop of integer products of many rows: a few rows of activation levels times one
 * panel of weights, in FP32 lanes. The sum over the inputs is cut into chunks that are exact in a
 * lane; each leaves its sums in memory that stays in the first-level cache, because taking them
 * apart here would exceed the compiler's node budget.
 *
 * <p>Loops read slices of the panel of a constant length, for one check of bounds a turn, as the
 * tiles of {@code gemm} do.
 *
 * <p>A panel holds the weights of one input together, as {@code vectors} vectors; raw sums are
 * {@code [chunk][ROWS][vectors]} vectors.
 */
final class ChunkTile {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

  /** Bytes of one vector. */
  static final long VECTOR = 4L * Lanes.FLOATS;

  /** Rows of a tile. */
  static final int ROWS = 6;

  /** Vectors of the narrow panel, and of the widest that 16 registers hold sums for. */
  static final int NARROW = 2;

  /**
   * Vectors of the wide panel: 24 sums and 4 weights for 32 registers, which AVX-512 and AArch64
   * have.
   */
  static final int WIDEST =
      Lanes.SHAPE.vectorBitSize() == 512 || System.getProperty("os.arch").equals("aarch64")
          ? 4
          : NARROW;

  /** Most inputs of a row of levels. */
  static final int MOST_INPUTS = QuantizedRows.MOST_INPUTS;

  private static final int DISTANCE = QuantizedRows.DISTANCE;

  private ChunkTile() {}

  /**
   * Copies levels of {@code rows} rows, {@code stride} apart; the other rows of the tile keep what
   * they hold, their sums are not used.
   */
  static void gather(int rows, int inputs, float[] levels, int at, int stride, float[] tile) {
    for (int r = 0; r < rows; r++) {
      System.arraycopy(levels, at + r * stride, tile, r * DISTANCE, inputs);
    }
  }

  /** Bytes of the raw sums of one chunk. */
  static long rawBytes(int vectors) {
    return (long) ROWS * vectors * VECTOR;
  }

  /**
   * Sums of all rows of a tile.
   *
   * @param vectors of the panel: {@link #NARROW}, or {@link #WIDEST}
   * @param inputs of the panel that are added up, {@code chunkInputs} at a time; the last chunk may
   *     be shorter
   * @param levels {@code [ROWS, inputs]} from {@code at} on, rows {@link QuantizedRows#DISTANCE}
   *     apart
   * @param panelAt where the weights of the first input are
   * @param raw receives the sums
   */
  static void products(
      int vectors,
      int inputs,
      int chunkInputs,
      float[] levels,
      int at,
      MemorySegment panel,
      long panelAt,
      MemorySegment raw) {
    if (vectors == NARROW) {
      narrow(inputs, chunkInputs, levels, at, panel, panelAt, raw);
    } else {
      wide(inputs, chunkInputs, levels, at, panel, panelAt, raw);
    }
  }

  private static void wide(
      int inputs,
      int chunkInputs,
      float[] x,
      int at,
      MemorySegment weights,
      long panelAt,
      MemorySegment results) {
    MemorySegment panel = NativeSegments.known(weights);
    MemorySegment raw = NativeSegments.known(results);
    long to = 0;
    for (int first = 0; first < inputs; first += chunkInputs) {
      int end = Math.min(inputs, first + chunkInputs);
      FloatVector c00 = FloatVector.zero(F);
      FloatVector c01 = c00;
      FloatVector c02 = c00;
      FloatVector c03 = c00;
      FloatVector c10 = c00;
      FloatVector c11 = c00;
      FloatVector c12 = c00;
      FloatVector c13 = c00;
      FloatVector c20 = c00;
      FloatVector c21 = c00;
      FloatVector c22 = c00;
      FloatVector c23 = c00;
      FloatVector c30 = c00;
      FloatVector c31 = c00;
      FloatVector c32 = c00;
      FloatVector c33 = c00;
      FloatVector c40 = c00;
      FloatVector c41 = c00;
      FloatVector c42 = c00;
      FloatVector c43 = c00;
      FloatVector c50 = c00;
      FloatVector c51 = c00;
      FloatVector c52 = c00;
      FloatVector c53 = c00;
      for (int i = first; i < end; i++) {
        MemorySegment run = panel.asSlice(panelAt + i * (4 * VECTOR), 4 * VECTOR);
        FloatVector b0 = FloatVector.fromMemorySegment(F, run, 0, NATIVE);
        FloatVector b1 = FloatVector.fromMemorySegment(F, run, VECTOR, NATIVE);
        FloatVector b2 = FloatVector.fromMemorySegment(F, run, 2 * VECTOR, NATIVE);
        FloatVector b3 = FloatVector.fromMemorySegment(F, run, 3 * VECTOR, NATIVE);
        FloatVector x0 = FloatVector.broadcast(F, x[at + i]);
        c00 = x0.fma(b0, c00);
        c01 = x0.fma(b1, c01);
        c02 = x0.fma(b2, c02);
        c03 = x0.fma(b3, c03);
        FloatVector x1 = FloatVector.broadcast(F, x[at + DISTANCE + i]);
        c10 = x1.fma(b0, c10);
        c11 = x1.fma(b1, c11);
        c12 = x1.fma(b2, c12);
        c13 = x1.fma(b3, c13);
        FloatVector x2 = FloatVector.broadcast(F, x[at + 2 * DISTANCE + i]);
        c20 = x2.fma(b0, c20);
        c21 = x2.fma(b1, c21);
        c22 = x2.fma(b2, c22);
        c23 = x2.fma(b3, c23);
        FloatVector x3 = FloatVector.broadcast(F, x[at + 3 * DISTANCE + i]);
        c30 = x3.fma(b0, c30);
        c31 = x3.fma(b1, c31);
        c32 = x3.fma(b2, c32);
        c33 = x3.fma(b3, c33);
        FloatVector x4 = FloatVector.broadcast(F, x[at + 4 * DISTANCE + i]);
        c40 = x4.fma(b0, c40);
        c41 = x4.fma(b1, c41);
        c42 = x4.fma(b2, c42);
        c43 = x4.fma(b3, c43);
        FloatVector x5 = FloatVector.broadcast(F, x[at + 5 * DISTANCE + i]);
        c50 = x5.fma(b0, c50);
        c51 = x5.fma(b1, c51);
        c52 = x5.fma(b2, c52);
        c53 = x5.fma(b3, c53);
      }
      MemorySegment sums = raw.asSlice(to, 24 * VECTOR);
      c00.intoMemorySegment(sums, 0, NATIVE);
      c01.intoMemorySegment(sums, VECTOR, NATIVE);
      c02.intoMemorySegment(sums, 2 * VECTOR, NATIVE);
      c03.intoMemorySegment(sums, 3 * VECTOR, NATIVE);
      c10.intoMemorySegment(sums, 4 * VECTOR, NATIVE);
      c11.intoMemorySegment(sums, 5 * VECTOR, NATIVE);
      c12.intoMemorySegment(sums, 6 * VECTOR, NATIVE);
      c13.intoMemorySegment(sums, 7 * VECTOR, NATIVE);
      c20.intoMemorySegment(sums, 8 * VECTOR, NATIVE);
      c21.intoMemorySegment(sums, 9 * VECTOR, NATIVE);
      c22.intoMemorySegment(sums, 10 * VECTOR, NATIVE);
      c23.intoMemorySegment(sums, 11 * VECTOR, NATIVE);
      c30.intoMemorySegment(sums, 12 * VECTOR, NATIVE);
      c31.intoMemorySegment(sums, 13 * VECTOR, NATIVE);
      c32.intoMemorySegment(sums, 14 * VECTOR, NATIVE);
      c33.intoMemorySegment(sums, 15 * VECTOR, NATIVE);
      c40.intoMemorySegment(sums, 16 * VECTOR, NATIVE);
      c41.intoMemorySegment(sums, 17 * VECTOR, NATIVE);
      c42.intoMemorySegment(sums, 18 * VECTOR, NATIVE);
      c43.intoMemorySegment(sums, 19 * VECTOR, NATIVE);
      c50.intoMemorySegment(sums, 20 * VECTOR, NATIVE);
      c51.intoMemorySegment(sums, 21 * VECTOR, NATIVE);
      c52.intoMemorySegment(sums, 22 * VECTOR, NATIVE);
      c53.intoMemorySegment(sums, 23 * VECTOR, NATIVE);
      to += 24 * VECTOR;
    }
  }

  private static void narrow(
      int inputs,
      int chunkInputs,
      float[] x,
      int at,
      MemorySegment weights,
      long panelAt,
      MemorySegment results) {
    MemorySegment panel = NativeSegments.known(weights);
    MemorySegment raw = NativeSegments.known(results);
    long to = 0;
    for (int first = 0; first < inputs; first += chunkInputs) {
      int end = Math.min(inputs, first + chunkInputs);
      FloatVector c00 = FloatVector.zero(F);
      FloatVector c01 = c00;
      FloatVector c10 = c00;
      FloatVector c11 = c00;
      FloatVector c20 = c00;
      FloatVector c21 = c00;
      FloatVector c30 = c00;
      FloatVector c31 = c00;
      FloatVector c40 = c00;
      FloatVector c41 = c00;
      FloatVector c50 = c00;
      FloatVector c51 = c00;
      for (int i = first; i < end; i++) {
        MemorySegment run = panel.asSlice(panelAt + i * (2 * VECTOR), 2 * VECTOR);
        FloatVector b0 = FloatVector.fromMemorySegment(F, run, 0, NATIVE);
        FloatVector b1 = FloatVector.fromMemorySegment(F, run, VECTOR, NATIVE);
        FloatVector x0 = FloatVector.broadcast(F, x[at + i]);
        c00 = x0.fma(b0, c00);
        c01 = x0.fma(b1, c01);
        FloatVector x1 = FloatVector.broadcast(F, x[at + DISTANCE + i]);
        c10 = x1.fma(b0, c10);
        c11 = x1.fma(b1, c11);
        FloatVector x2 = FloatVector.broadcast(F, x[at + 2 * DISTANCE + i]);
        c20 = x2.fma(b0, c20);
        c21 = x2.fma(b1, c21);
        FloatVector x3 = FloatVector.broadcast(F, x[at + 3 * DISTANCE + i]);
        c30 = x3.fma(b0, c30);
        c31 = x3.fma(b1, c31);
        FloatVector x4 = FloatVector.broadcast(F, x[at + 4 * DISTANCE + i]);
        c40 = x4.fma(b0, c40);
        c41 = x4.fma(b1, c41);
        FloatVector x5 = FloatVector.broadcast(F, x[at + 5 * DISTANCE + i]);
        c50 = x5.fma(b0, c50);
        c51 = x5.fma(b1, c51);
      }
      MemorySegment sums = raw.asSlice(to, 12 * VECTOR);
      c00.intoMemorySegment(sums, 0, NATIVE);
      c01.intoMemorySegment(sums, VECTOR, NATIVE);
      c10.intoMemorySegment(sums, 2 * VECTOR, NATIVE);
      c11.intoMemorySegment(sums, 3 * VECTOR, NATIVE);
      c20.intoMemorySegment(sums, 4 * VECTOR, NATIVE);
      c21.intoMemorySegment(sums, 5 * VECTOR, NATIVE);
      c30.intoMemorySegment(sums, 6 * VECTOR, NATIVE);
      c31.intoMemorySegment(sums, 7 * VECTOR, NATIVE);
      c40.intoMemorySegment(sums, 8 * VECTOR, NATIVE);
      c41.intoMemorySegment(sums, 9 * VECTOR, NATIVE);
      c50.intoMemorySegment(sums, 10 * VECTOR, NATIVE);
      c51.intoMemorySegment(sums, 11 * VECTOR, NATIVE);
      to += 12 * VECTOR;
    }
  }

  /**
   * The sums of the panel itself, chunk by chunk, as if every level were 1; {@code raw} receives
   * {@code [chunk][vectors]} vectors.
   */
  static void columnSums(
      int vectors,
      int inputs,
      int chunkInputs,
      MemorySegment panel,
      long panelAt,
      MemorySegment raw) {
    for (int v = 0; v < vectors; v += NARROW) {
      columnSums(
          vectors * VECTOR, inputs, chunkInputs, panel, panelAt + v * VECTOR, raw, v * VECTOR);
    }
  }

  private static void columnSums(
      long step,
      int inputs,
      int chunkInputs,
      MemorySegment weights,
      long from,
      MemorySegment raw,
      long to) {
    MemorySegment panel = NativeSegments.known(weights);
    for (int first = 0; first < inputs; first += chunkInputs, to += step) {
      int end = Math.min(inputs, first + chunkInputs);
      FloatVector c0 = FloatVector.zero(F);
      FloatVector c1 = c0;
      for (int i = first; i < end; i++) {
        MemorySegment two = panel.asSlice(from + i * step, 2 * VECTOR);
        c0 = c0.add(FloatVector.fromMemorySegment(F, two, 0, NATIVE));
        c1 = c1.add(FloatVector.fromMemorySegment(F, two, VECTOR, NATIVE));
      }
      c0.intoMemorySegment(raw, to, NATIVE);
      c1.intoMemorySegment(raw, to + VECTOR, NATIVE);
    }
  }
}
