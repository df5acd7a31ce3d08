package nibble.kernels.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.gemm.RegisterTiles;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/**
 * Copies consecutive keys, transposed, and their values into panels of {@link PanelCut}, and
 * multiplies rows with packed keys. Padding is zero.
 */
final class KeyValueBlock {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final float[] ZEROS = new float[PanelCut.WIDE];

  private KeyValueBlock() {}

  /**
   * Keys {@code [count, depth]} with row stride {@code row} to panels of keys: {@code depth} steps
   * of one key per column.
   */
  static void packKeys(int count, int depth, float[] k, int at, int row, MemorySegment panels) {
    for (int p = 0; p < PanelCut.count(count); p++) {
      int first = p * PanelCut.WIDE;
      int width = PanelCut.width(p, count);
      long to = 4L * first * depth;
      int present = Math.min(width, count - first);
      for (int j = 0; j < present; j++) {
        column(depth, k, at + (first + j) * row, panels, to + 4L * j, 4L * width);
      }
      for (int j = present; j < width; j++) {
        zeroColumn(depth, panels, to + 4L * j, 4L * width);
      }
    }
  }

  private static void column(
      int depth, float[] k, int at, MemorySegment panels, long to, long step) {
    for (int d = 0; d < depth; d++) {
      panels.set(JAVA_FLOAT, to + d * step, k[at + d]);
    }
  }

  private static void zeroColumn(int depth, MemorySegment panels, long to, long step) {
    for (int d = 0; d < depth; d++) {
      panels.set(JAVA_FLOAT, to + d * step, 0f);
    }
  }

  /**
   * Products of some tiles of rows with packed keys {@code from} to {@code to - 1}, from the panel
   * on in which {@code from} lies: {@code pitch} elements a row of {@code out}, the first at 0.
   *
   * @param q rows from {@code qAt} on, interleaved as {@link RegisterTiles} read them
   * @param count keys that were packed
   */
  static void products(
      int depth,
      float[] q,
      int qAt,
      int tiles,
      MemorySegment panels,
      int count,
      int from,
      int to,
      float[] out,
      int pitch) {
    for (int p = from / PanelCut.WIDE; p < PanelCut.count(to); p++) {
      int column = p * PanelCut.WIDE;
      boolean wide = PanelCut.isWide(p, count);
      for (int tile = 0; tile < tiles; tile++) {
        int row = tile * RegisterTiles.ROWS;
        RegisterTiles.packed(
            wide,
            depth,
            q,
            qAt + row * depth,
            panels,
            4L * column * depth,
            ZEROS,
            0,
            0,
            out,
            row * pitch + column,
            pitch);
      }
    }
  }

  /**
   * Values {@code [count, columns]} with row stride {@code row} to panels of columns: {@code count}
   * steps.
   */
  static void packValues(int count, int columns, float[] v, int at, int row, MemorySegment panels) {
    for (int p = 0; p < PanelCut.count(columns); p++) {
      int first = p * PanelCut.WIDE;
      int width = PanelCut.width(p, columns);
      int present = Math.min(width, columns - first);
      for (int j = 0; j < count; j++) {
        row(present, width, v, at + j * row + first, panels, 4L * first * count + 4L * j * width);
      }
    }
  }

  private static void row(
      int present, int width, float[] v, int at, MemorySegment panels, long to) {
    panels = NativeSegments.offHeap(panels);
    int c = 0;
    for (; c <= present - LANES; c += LANES) {
      FloatVector.fromArray(F, v, at + c).intoMemorySegment(panels, to + 4L * c, ORDER);
    }
    for (; c < present; c++) {
      panels.set(JAVA_FLOAT, to + 4L * c, v[at + c]);
    }
    for (; c < width; c++) {
      panels.set(JAVA_FLOAT, to + 4L * c, 0f);
    }
  }
}
