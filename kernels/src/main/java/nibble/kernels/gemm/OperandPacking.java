package nibble.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/** Copies the operands of one product into the order in which {@link Tile} reads them. */
final class OperandPacking {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;
  private static final int COLUMNS = Tile.BEST.columns();
  private static final int STRIP = 4;
  private static final int STEPS = 64;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private OperandPacking() {}

  /** Packs panels {@code from} to {@code to - 1} of {@code alpha B}, a {@code B [k, n]} with any strides, to their places in {@code panels}. */
  static void panels(int from, int to, int n, int k, float alpha, float[] b, int bOffset, int bRow, int bColumn, MemorySegment panels) {
    int whole = bColumn == 1 ? Math.max(from, Math.min(to, n / COLUMNS)) : from;
    for (int panel = from; panel < whole; panel += STRIP) {
      int count = Math.min(STRIP, whole - panel);
      for (int step = 0; step < k; step += STEPS) { // lines that were fetched ahead beyond a panel are still there for the next one
        int steps = Math.min(STEPS, k - step);
        int first = bOffset + panel * COLUMNS + step * bRow;
        for (int i = 0; i < count; i++) {
          runs(steps, alpha, b, first + i * COLUMNS, bRow, panels, 4L * COLUMNS * ((long) (panel + i) * k + step));
        }
      }
    }
    for (int panel = whole; panel < to; panel++) {
      int first = panel * COLUMNS;
      elements(Math.min(COLUMNS, n - first), k, alpha, b, bOffset + first * bColumn, bRow, bColumn, panels, 4L * first * k);
    }
  }

  private static void runs(int steps, float alpha, float[] b, int from, int bRow, MemorySegment panels, long to) {
    for (int l = 0; l < steps; l++) {
      for (int j = 0; j < COLUMNS; j += LANES) {
        FloatVector.fromArray(F, b, from + l * bRow + j).mul(alpha).intoMemorySegment(panels, to + 4L * (l * COLUMNS + j), ORDER);
      }
    }
  }

  private static void elements(int columns, int k, float alpha, float[] b, int from, int bRow, int bColumn, MemorySegment panels, long to) {
    for (int step = 0; step < k; step += STEPS) { // as much of a panel as stays in the first-level cache while its columns are written
      int steps = Math.min(STEPS, k - step);
      for (int j = 0; j < COLUMNS; j++) {
        long at = to + 4L * ((long) step * COLUMNS + j);
        if (j < columns) {
          column(steps, alpha, b, from + step * bRow + j * bColumn, bRow, panels, at);
        } else {
          zeros(steps, panels, at);
        }
      }
    }
  }

  private static void column(int steps, float alpha, float[] b, int from, int bRow, MemorySegment panels, long to) {
    for (int l = 0; l < steps; l++) {
      panels.set(JAVA_FLOAT, to + 4L * COLUMNS * l, alpha * b[from + l * bRow]);
    }
  }

  private static void zeros(int steps, MemorySegment panels, long to) {
    for (int l = 0; l < steps; l++) {
      panels.set(JAVA_FLOAT, to + 4L * COLUMNS * l, 0f);
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
