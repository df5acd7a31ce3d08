package nibble.kernels.attention;

import java.lang.foreign.MemorySegment;
import nibble.kernels.gemm.RegisterTiles;

/**
 * Products of floats. Queries are interleaved as the tiles read them, keys packed into panels.
 *
 * <p>Task scratch: float slot 2 and segment slot 2 of the attention, as they were passed in.
 */
final class FloatTileScores implements TileScores {
  private static final int ROWS = RegisterTiles.ROWS;

  private final TileRows rows;
  private final int depth;
  private final float[] q;
  private final int qFrom;
  private final MemorySegment panels;
  private int count;

  /**
   * @param q receives all tiles of rows from {@code qFrom} on
   * @param panels room for a block of keys
   */
  FloatTileScores(TileRows rows, float[] q, int qFrom, MemorySegment panels) {
    this.rows = rows;
    this.depth = rows.depth();
    this.q = q;
    this.qFrom = qFrom;
    this.panels = panels;
    packQueries();
  }

  /**
   * Rows of q times the scale, interleaved as the tiles read them; rows that fill up the last tile
   * are zero.
   */
  private void packQueries() {
    HeadView view = rows.operands().q();
    for (int row = 0; row < rows.count(); row++) {
      int at = view.at(rows.b(), rows.query(row), rows.head(row));
      interleave(view.array(), at, qFrom + row / ROWS * ROWS * depth + row % ROWS);
    }
    rows.clearRest(q, qFrom);
  }

  private void interleave(float[] from, int at, int to) {
    float scale = rows.operands().rule().scale();
    for (int d = 0; d < depth; d++) {
      q[to + d * ROWS] = scale * from[at + d];
    }
  }

  @Override
  public void keys(int first, int keys, float[] k, int at, int rowStride) {
    count = keys;
    KeyValueBlock.packKeys(count, depth, k, at, rowStride, panels);
  }

  @Override
  public void scores(int row, int tiles, int from, int to, float[] scores) {
    KeyValueBlock.products(
        depth, q, qFrom + row * depth, tiles, panels, count, from, to, scores, PITCH);
  }
}
