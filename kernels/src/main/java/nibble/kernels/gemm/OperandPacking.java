package nibble.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/** Copies the operands of one product into the order in which {@link Tile} reads them. */
final class OperandPacking {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;
  private static final int COLUMNS = Tile.BEST.columns();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private OperandPacking() {}

  /** Packs {@code alpha * B[:, columns of panel]} of a {@code B [k, n]} with any strides to its place in {@code panels}. */
  static void panel(int panel, int n, int k, float alpha, float[] b, int bOffset, int bRow, int bColumn, MemorySegment panels) {
    int first = panel * COLUMNS;
    int columns = Math.min(COLUMNS, n - first);
    int from = bOffset + first * bColumn;
    long to = 4L * first * k;
    if (bColumn == 1 && columns == COLUMNS) {
      runs(k, alpha, b, from, bRow, panels, to);
    } else {
      elements(columns, k, alpha, b, from, bRow, bColumn, panels, to);
    }
  }

  private static void runs(int k, float alpha, float[] b, int from, int bRow, MemorySegment panels, long to) {
    for (int l = 0; l < k; l++) {
      int at = from + l * bRow;
      for (int j = 0; j < COLUMNS; j += LANES) {
        FloatVector.fromArray(F, b, at + j).mul(alpha).intoMemorySegment(panels, to + 4L * ((long) l * COLUMNS + j), ORDER);
      }
    }
  }

  private static void elements(int columns, int k, float alpha, float[] b, int from, int bRow, int bColumn, MemorySegment panels, long to) {
    for (int l = 0; l < k; l++) {
      long step = to + 4L * l * COLUMNS;
      int at = from + l * bRow;
      for (int j = 0; j < columns; j++) {
        panels.set(JAVA_FLOAT, step + 4L * j, alpha * b[at + j * bColumn]);
      }
      for (int j = columns; j < COLUMNS; j++) {
        panels.set(JAVA_FLOAT, step + 4L * j, 0f);
      }
    }
  }

  /** Copies {@code A [m, k]} to {@code rows [m, k]}, row-major. */
  static void rows(int m, int k, float[] a, int aOffset, int aRow, int aColumn, float[] rows) {
    for (int i = 0; i < m; i++) {
      for (int l = 0; l < k; l++) {
        rows[i * k + l] = a[aOffset + i * aRow + l * aColumn];
      }
    }
  }

  /**
   * Copies {@code A [m, k]} to {@code tiles} as {@link Tile#packed} reads it: {@value Tile#ROWS} rows after the other, interleaved, the last
   * ones filled up with zeros.
   */
  static void tiles(int m, int k, float[] a, int aOffset, int aRow, int aColumn, float[] tiles) {
    for (int i = 0; i < Math.ceilDiv(m, Tile.ROWS) * Tile.ROWS; i++) {
      int to = i / Tile.ROWS * Tile.ROWS * k + i % Tile.ROWS;
      if (i < m) {
        interleave(k, a, aOffset + i * aRow, aColumn, tiles, to);
      } else {
        for (int l = 0; l < k; l++) {
          tiles[to + l * Tile.ROWS] = 0;
        }
      }
    }
  }

  private static void interleave(int k, float[] a, int from, int aColumn, float[] tiles, int to) {
    for (int l = 0; l < k; l++) {
      tiles[to + l * Tile.ROWS] = a[from + l * aColumn];
    }
  }
}
