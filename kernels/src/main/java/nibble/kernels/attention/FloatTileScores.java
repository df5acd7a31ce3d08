package nibble.kernels.attention;

import java.lang.foreign.MemorySegment;
import nibble.kernels.gemm.RegisterTiles;
import nibble.kernels.parallel.Scratch;

/**
 * Products of floats. Keys are packed into panels once; rows of q, times the scale, are copied to
 * where the tiles read them as they are met.
 *
 * <p>Task scratch: float slot 2 (rows of q), segment slot 2 (keys).
 */
final class FloatTileScores implements TileScores {
  /**
   * So many keys are one block, or few: sums of v need no other scale for each block. Keys and
   * values of 64 elements take 64 KiB each, which a second-level cache holds.
   */
  static final int KEYS = 256;

  private final TileRows rows;
  private final QueryTiles q;
  private final MemorySegment panels;
  private int count;

  FloatTileScores(TileRows rows, Scratch scratch) {
    this.rows = rows;
    int depth = rows.depth();
    q =
        new QueryTiles(
            scratch.floats(2, QueryTiles.length(TiledAttention.BLOCK_ROWS, depth)), depth);
    panels = scratch.segment(2, 4L * KEYS * q.steps());
  }

  @Override
  public int blockKeys() {
    return KEYS;
  }

  @Override
  public void keys(int first, int keys, float[] k, int at, int rowStride) {
    count = keys;
    KeyValueBlock.packKeys(count, q.depth(), k, at, rowStride, panels);
  }

  @Override
  public void scores(int row, int tiles, int from, int to, float[] scores) {
    HeadView view = rows.operands().q();
    int present = Math.min(tiles * RegisterTiles.ROWS, rows.count() - row);
    for (int r = 0; r < present; r++) {
      q.put(
          r,
          rows.operands().rule().scale(),
          view.array(),
          view.at(rows.b(), rows.query(row + r), rows.head(row + r)));
    }
    q.clearFrom(present);
    KeyValueBlock.products(q, tiles, panels, count, from, to, scores, PITCH);
  }
}
