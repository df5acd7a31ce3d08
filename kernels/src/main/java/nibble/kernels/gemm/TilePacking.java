package nibble.kernels.gemm;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Copies rows of A to the fixed distance at which {@link Tile#rows} reads them. */
final class TilePacking {
  private static final int ROWS = Tile.ROWS;
  private static final int STRIDE = Tile.STRIDE;
  private static final int QUAD = Quads.SIZE;

  private TilePacking() {}

  /**
   * Tiles of {@code present} rows and {@code count} steps; the rows that fill the last tile and the
   * step that makes an odd number even become zero.
   */
  static void pack(
      int present,
      int count,
      float[] a,
      int from,
      int rowStride,
      int columnStride,
      float[] tiles,
      int to) {
    int r = 0;
    if (rowStride == 1 && columnStride != 1) {
      for (; r <= present - QUAD; r += QUAD) {
        fourRows(count, a, from + r, columnStride, tiles, to + r * STRIDE);
      }
    }
    for (; r < present; r++) {
      row(0, count, a, from + r * rowStride, columnStride, tiles, to + r * STRIDE);
    }
    int filled = Math.ceilDiv(present, ROWS) * ROWS;
    for (; r < filled; r++) {
      Arrays.fill(tiles, to + r * STRIDE, to + r * STRIDE + count, 0);
    }
    for (r = 0; r < filled && count % 2 == 1; r++) {
      tiles[to + r * STRIDE + count] = 0;
    }
  }

  /** Steps {@code first} to {@code count - 1} of one row. */
  private static void row(
      int first, int count, float[] a, int from, int stride, float[] tile, int to) {
    if (stride == 1) {
      System.arraycopy(a, from + first, tile, to + first, count - first);
      return;
    }
    for (int l = first; l < count; l++) {
      tile[to + l] = a[from + l * stride];
    }
  }

  /** Four rows of a column-major A: four steps at a time are transposed. */
  private static void fourRows(int count, float[] a, int from, int stride, float[] tile, int to) {
    int whole = count / QUAD * QUAD;
    for (int l = 0; l < whole; l += QUAD) {
      int at = from + l * stride;
      FloatVector s0 = FloatVector.fromArray(Quads.SPECIES, a, at);
      FloatVector s1 = FloatVector.fromArray(Quads.SPECIES, a, at + stride);
      FloatVector s2 = FloatVector.fromArray(Quads.SPECIES, a, at + 2 * stride);
      FloatVector s3 = FloatVector.fromArray(Quads.SPECIES, a, at + 3 * stride);
      FloatVector low01 = Quads.lowPairs(s0, s1);
      FloatVector high01 = Quads.highPairs(s0, s1);
      FloatVector low23 = Quads.lowPairs(s2, s3);
      FloatVector high23 = Quads.highPairs(s2, s3);
      Quads.lowHalves(low01, low23).intoArray(tile, to + l);
      Quads.highHalves(low01, low23).intoArray(tile, to + STRIDE + l);
      Quads.lowHalves(high01, high23).intoArray(tile, to + 2 * STRIDE + l);
      Quads.highHalves(high01, high23).intoArray(tile, to + 3 * STRIDE + l);
    }
    for (int r = 0; r < QUAD; r++) {
      row(whole, count, a, from + r, stride, tile, to + r * STRIDE);
    }
  }
}
