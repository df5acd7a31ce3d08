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
   * Keys {@code [count, depth]} with row stride {@code row} to panels of keys: {@link #even} depth
   * steps of one key per column.
   */
  static void packKeys(int count, int depth, float[] k, int at, int row, MemorySegment panels) {
    int steps = even(depth);
    for (int p = 0; p < PanelCut.count(count); p++) {
      int first = p * PanelCut.WIDE;
      int width = PanelCut.width(p, count);
      long to = 4L * first * steps;
      RegisterTiles.packTransposed(
          Math.min(width, count - first), width, depth, k, at + first * row, row, panels, to);
      if (steps > depth) {
        clear(panels, to, width, depth);
      }
    }
  }

  /** {@code steps}, or one more: tiles take two steps at a time. */
  static int even(int steps) {
    return steps + (steps & 1);
  }

  /**
   * Products of some tiles of rows with packed keys {@code from} to {@code to - 1}, from the panel
   * on in which {@code from} lies: {@code pitch} elements a row of {@code out}, the first at 0.
   *
   * @param q the rows
   * @param count keys that were packed
   */
  static void products(
      QueryTiles q,
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
      int width = PanelCut.width(p, count);
      for (int tile = 0; tile < tiles; tile++) {
        int at = tile * RegisterTiles.ROWS * pitch + column;
        for (int part = 0; part < q.parts(); part++) {
          int step = part * RegisterTiles.MOST_STEPS;
          boolean isFirst = part == 0;
          RegisterTiles.rows(
              wide,
              Math.min(RegisterTiles.MOST_STEPS, q.steps() - step),
              q.values(),
              q.at(tile, part),
              panels,
              4L * (column * q.steps() + width * step),
              isFirst ? ZEROS : out,
              isFirst ? 0 : at,
              isFirst ? 0 : pitch,
              out,
              at,
              pitch);
        }
      }
    }
  }

  /**
   * Values {@code from} to {@code count - 1} of {@code [count, columns]} with row stride {@code
   * row} to panels of columns: {@link #even} count steps, of which those before {@code from} hold
   * anything, but for zeros in the one that makes their number even.
   */
  static void packValues(
      int from, int count, int columns, float[] v, int at, int row, MemorySegment panels) {
    int steps = even(count);
    for (int p = 0; p < PanelCut.count(columns); p++) {
      int first = p * PanelCut.WIDE;
      int width = PanelCut.width(p, columns);
      int present = Math.min(width, columns - first);
      long to = 4L * first * steps;
      if (from % 2 == 1) {
        clear(panels, to, width, from - 1);
      }
      for (int j = from; j < count; j++) {
        row(present, width, v, at + j * row + first, panels, to + 4L * j * width);
      }
      if (steps > count) {
        clear(panels, to, width, count);
      }
    }
  }

  private static void clear(MemorySegment panels, long panel, int width, int step) {
    panels.asSlice(panel + 4L * width * step, 4L * width).fill((byte) 0);
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
