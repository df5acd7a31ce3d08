package nibble.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * {@code alpha B} for a {@code B [k, n]} with any strides, copied into panels as they are used: a block stays in the first-level cache from
 * the copy to its last use.
 */
record StridedPanels(int n, int k, float alpha, float[] b, int bOffset, int bRow, int bColumn) implements PanelSource {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;
  private static final int COLUMNS = Tile.BEST.columns();
  private static final long ROW = 4L * COLUMNS; // bytes of one step
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int QUAD = Quads.SIZE;

  @Override
  public int out() {
    return n;
  }

  @Override
  public int in() {
    return k;
  }

  @Override
  public int inputStep() {
    return 1;
  }

  @Override
  public void fill(int firstOut, int columns, int firstIn, int count, MemorySegment panel) {
    int from = bOffset + firstIn * bRow + firstOut * bColumn;
    int present = Math.min(COLUMNS, n - firstOut);
    if (bColumn == 1 && present == COLUMNS) {
      vectors(count, alpha, b, from, bRow, panel);
      return;
    }
    int j = 0;
    if (bRow == 1) {
      for (; j <= present - QUAD; j += QUAD) {
        quads(count / QUAD, alpha, b, from + j * bColumn, bColumn, panel, 4L * j);
        for (int i = j; i < j + QUAD; i++) {
          elements(count / QUAD * QUAD, count, alpha, b, from + i * bColumn, bRow, panel, 4L * i);
        }
      }
    }
    for (; j < present; j++) {
      elements(0, count, alpha, b, from + j * bColumn, bRow, panel, 4L * j);
    }
    for (; j < COLUMNS; j++) {
      zeros(count, panel, 4L * j);
    }
  }

  private static void vectors(int count, float alpha, float[] b, int from, int bRow, MemorySegment panel) {
    for (int l = 0; l < count; l++) {
      for (int j = 0; j < COLUMNS; j += LANES) {
        FloatVector.fromArray(F, b, from + l * bRow + j).mul(alpha).intoMemorySegment(panel, ROW * l + 4L * j, ORDER);
      }
    }
  }

  /** Four columns of B that are contiguous each, {@code count} times four steps: transposed four by four. */
  private static void quads(int count, float alpha, float[] b, int from, int bColumn, MemorySegment panel, long to) {
    int second = from + bColumn;
    int third = from + 2 * bColumn;
    int fourth = from + 3 * bColumn;
    for (int i = 0; i < count; i++) {
      int l = i * QUAD;
      FloatVector r0 = FloatVector.fromArray(Quads.SPECIES, b, from + l);
      FloatVector r1 = FloatVector.fromArray(Quads.SPECIES, b, second + l);
      FloatVector r2 = FloatVector.fromArray(Quads.SPECIES, b, third + l);
      FloatVector r3 = FloatVector.fromArray(Quads.SPECIES, b, fourth + l);
      FloatVector low01 = Quads.lowPairs(r0, r1);
      FloatVector high01 = Quads.highPairs(r0, r1);
      FloatVector low23 = Quads.lowPairs(r2, r3);
      FloatVector high23 = Quads.highPairs(r2, r3);
      long at = to + ROW * l;
      Quads.lowHalves(low01, low23).mul(alpha).intoMemorySegment(panel, at, ORDER);
      Quads.highHalves(low01, low23).mul(alpha).intoMemorySegment(panel, at + ROW, ORDER);
      Quads.lowHalves(high01, high23).mul(alpha).intoMemorySegment(panel, at + 2 * ROW, ORDER);
      Quads.highHalves(high01, high23).mul(alpha).intoMemorySegment(panel, at + 3 * ROW, ORDER);
    }
  }

  private static void elements(int first, int count, float alpha, float[] b, int from, int bRow, MemorySegment panel, long to) {
    for (int l = first; l < count; l++) {
      panel.set(JAVA_FLOAT, to + ROW * l, alpha * b[from + l * bRow]);
    }
  }

  private static void zeros(int count, MemorySegment panel, long to) {
    for (int l = 0; l < count; l++) {
      panel.set(JAVA_FLOAT, to + ROW * l, 0f);
    }
  }
}
