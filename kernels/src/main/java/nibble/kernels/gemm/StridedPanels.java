package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/**
 * {@code alpha B} for a {@code B [k, n]} with any strides, copied into panels as they are used: a
 * block stays in the first-level cache from the copy to its last use.
 */
record StridedPanels(int n, int k, float alpha, float[] b, int bOffset, int bRow, int bColumn)
    implements PanelSource {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;
  private static final int COLUMNS = Tile.BEST.columns();
  private static final long ROW = 4L * COLUMNS; // bytes of one step
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
      vectors(count, alpha, b, from, bRow, panel);
      return;
    }
    PanelColumns.pack(present, COLUMNS, count, alpha, b, from, bRow, bColumn, panel, 0);
  }

  private static void vectors(
      int count, float alpha, float[] b, int from, int bRow, MemorySegment panel) {
    panel = NativeSegments.offHeap(panel);
    for (int l = 0; l < count; l++) {
      for (int j = 0; j < COLUMNS; j += LANES) {
        FloatVector.fromArray(F, b, from + l * bRow + j)
            .mul(alpha)
            .intoMemorySegment(panel, ROW * l + 4L * j, ORDER);
      }
    }
  }
}
