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
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

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
      for (int j = 0; j < COLUMNS; j += LANES) {
        vectors(count, alpha, b, from + j, bRow, panel, 4L * j);
      }
      return;
    }
    for (int j = 0; j < present; j++) {
      elements(count, alpha, b, from + j * bColumn, bRow, panel, 4L * j);
    }
    for (int j = present; j < COLUMNS; j++) {
      zeros(count, panel, 4L * j);
    }
  }

  private static void vectors(int count, float alpha, float[] b, int from, int bRow, MemorySegment panel, long to) {
    for (int l = 0; l < count; l++) {
      FloatVector.fromArray(F, b, from + l * bRow).mul(alpha).intoMemorySegment(panel, to + 4L * COLUMNS * l, ORDER);
    }
  }

  private static void elements(int count, float alpha, float[] b, int from, int bRow, MemorySegment panel, long to) {
    for (int l = 0; l < count; l++) {
      panel.set(JAVA_FLOAT, to + 4L * COLUMNS * l, alpha * b[from + l * bRow]);
    }
  }

  private static void zeros(int count, MemorySegment panel, long to) {
    for (int l = 0; l < count; l++) {
      panel.set(JAVA_FLOAT, to + 4L * COLUMNS * l, 0f);
    }
  }
}
