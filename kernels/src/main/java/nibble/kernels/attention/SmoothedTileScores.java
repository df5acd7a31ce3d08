package nibble.kernels.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.gemm.RegisterTiles;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.platform.Lanes;
import nibble.kernels.rowwise.Elementwise;
import nibble.kernels.rowwise.Reductions;

/**
 * Products of codes, as {@link SmoothedScores} makes them, in lanes that hold exact integers. Where
 * the sums are small enough, as they are with 4 bits, a lane holds two keys, those at {@code c} and
 * {@code c + 64} of a block: {@code k = k0 + B k1}, so that one multiply-add serves both.
 *
 * <p>With {@code B = 5793} this is exact while {@code |S0|, |S1| <= 2895}; how a lane is taken
 * apart is explained at {@code nibble.kernels.lowbit.PairedLanes}. The codes of a block of keys are
 * known, so the bound is theirs: the largest sum of sizes of one key's codes, times the largest
 * code.
 *
 * <p>Task scratch: float slots 2 (rows of q), 8 (raw sums), 9 (codes and rests of rows), 10 (means,
 * scales and what means add), 11 (codes of q), segment slot 2 (keys).
 */
final class SmoothedTileScores implements TileScores {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LANES = Lanes.FLOATS;
  private static final int ROWS = RegisterTiles.ROWS;
  private static final int HALF = SmoothedScores.KEY_BLOCK;
  private static final int KEYS = 2 * HALF;

  private static final float BASE = 5793;
  private static final float INVERSE = 1 / BASE;
  private static final int LARGEST_PAIRED_SUM = 2895;
  private static final float INTEGERS = 0x1.8p23f;

  private final TileRows rows;
  private final SmoothedScores how;
  private final HeadView k;
  private final int depth;
  private final int firstBlock;
  private final int blocks;
  private final float[] codes;
  private final QueryTiles q;
  private final float[] raw;
  private final float[] work;
  private final float[] small;
  private final MemorySegment panels;
  private final int keyMeanAt;
  private final int meansAt;
  private final int factorsAt;
  private final int addedAt;
  private final float[] keyScales = new float[2];
  private boolean paired;

  /**
   * Makes the codes of the queries.
   *
   * @param k all keys
   */
  SmoothedTileScores(TileRows rows, SmoothedScores how, HeadView k, Scratch scratch) {
    this.rows = rows;
    this.how = how;
    this.k = k;
    depth = rows.depth();
    int lastQuery = rows.query(rows.count() - 1);
    firstBlock = rows.query(0) / SmoothedScores.QUERY_BLOCK;
    blocks = (lastQuery / SmoothedScores.QUERY_BLOCK - firstBlock + 1) * rows.group();
    codes = scratch.floats(11, rows.count() * depth);
    q =
        new QueryTiles(
            scratch.floats(2, QueryTiles.length(TiledAttention.BLOCK_ROWS, depth)), depth);
    raw = scratch.floats(8, TiledAttention.BLOCK_ROWS * KEYS);
    work = scratch.floats(9, 2 * KEYS * depth);
    keyMeanAt = 0;
    meansAt = depth;
    factorsAt = meansAt + blocks * depth;
    addedAt = factorsAt + blocks;
    small = scratch.floats(10, addedAt + blocks * KEYS);
    panels = scratch.segment(2, 4L * KEYS * q.steps());
    keyMean();
    for (int block = 0; block < blocks; block++) {
      queries(block);
    }
  }

  private void keyMean() {
    Arrays.fill(small, keyMeanAt, keyMeanAt + depth, 0);
    if (how.smoothKeys()) {
      mean(k, rows.kvHead(), 0, rows.operands().shape().keys(), keyMeanAt);
    }
  }

  private void mean(HeadView x, int head, int from, int to, int at) {
    for (int row = from; row < to; row++) {
      Elementwise.best().add(depth, small, at, x.array(), x.at(rows.b(), row, head), small, at);
    }
    float factor = 1f / (to - from);
    for (int c = at; c < at + depth; c++) {
      small[c] *= factor;
    }
  }

  /**
   * Mean, scale and codes of the queries of one head in one block: all of its block, those of rows.
   */
  private void queries(int index) {
    HeadView view = rows.operands().q();
    int group = rows.group();
    int head = rows.kvHead() * group + index % group;
    int from = (firstBlock + index / group) * SmoothedScores.QUERY_BLOCK;
    int to = Math.min(rows.operands().shape().queries(), from + SmoothedScores.QUERY_BLOCK);
    int meanAt = meansAt + index * depth;
    Arrays.fill(small, meanAt, meanAt + depth, 0);
    if (how.smoothQueries()) {
      mean(view, head, from, to, meanAt);
    }
    for (int query = from; query < to; query++) {
      Elementwise.best()
          .sub(
              depth,
              view.array(),
              view.at(rows.b(), query, head),
              small,
              meanAt,
              work,
              (query - from) * depth);
    }
    int length = (to - from) * depth;
    float scale = how.scale(Reductions.best().maxAbs(length, work, 0));
    small[factorsAt + index] = rows.operands().rule().scale() * scale;
    CodeRows.codes(length, 1 / scale, work, 0, work, 0);
    for (int query = from; query < to; query++) {
      int row = query * group + index % group - rows.first();
      if (row >= 0 && row < rows.count()) {
        System.arraycopy(work, (query - from) * depth, codes, row * depth, depth);
      }
    }
  }

  /** Which block of queries, and head, a row is of. */
  private int index(int row) {
    return (rows.query(row) / SmoothedScores.QUERY_BLOCK - firstBlock) * rows.group()
        + (rows.first() + row) % rows.group();
  }

  @Override
  public int blockKeys() {
    return KEYS;
  }

  /** Takes up whole blocks, as their scales are those of all their keys. */
  @Override
  public void keys(int first, int count, float[] ignored, int at, int rowStride) {
    int present = Math.min(KEYS, rows.operands().shape().keys() - first);
    int rests = KEYS * depth;
    int sizes = 0;
    for (int half = 0; half < 2; half++) {
      int from = half * HALF;
      int keys = Math.clamp(present - from, 0, HALF);
      for (int j = from; j < from + keys; j++) {
        Elementwise.best()
            .sub(
                depth,
                k.array(),
                k.at(rows.b(), first + j, rows.kvHead()),
                small,
                keyMeanAt,
                work,
                rests + j * depth);
      }
      int length = keys * depth;
      float scale = how.scale(Reductions.best().maxAbs(length, work, rests + from * depth));
      keyScales[half] = scale;
      CodeRows.codes(length, 1 / scale, work, rests + from * depth, work, from * depth);
      Arrays.fill(work, from * depth + length, (from + HALF) * depth, 0);
      for (int j = from; j < from + keys; j++) {
        sizes = Math.max(sizes, CodeRows.sizes(depth, work, j * depth));
      }
    }
    for (int block = 0; block < blocks; block++) {
      added(block, present, rests);
    }
    paired = (long) sizes * how.largestCode() <= LARGEST_PAIRED_SUM;
    if (paired) {
      packPairs();
    } else {
      KeyValueBlock.packKeys(KEYS, depth, work, 0, depth, panels);
    }
  }

  /** What the mean of a block of queries adds to the scores. */
  private void added(int block, int present, int rests) {
    int to = addedAt + block * KEYS;
    Arrays.fill(small, to, to + KEYS, 0);
    if (how.smoothQueries()) {
      RowDots.of(
          depth,
          rows.operands().rule().scale(),
          small,
          meansAt + block * depth,
          present,
          work,
          rests,
          depth,
          small,
          to);
    }
  }

  private void packPairs() {
    for (int column = 0; column < HALF; column++) {
      int panel = column / PanelCut.WIDE * PanelCut.WIDE;
      int width = PanelCut.width(column / PanelCut.WIDE, HALF);
      pack(
          work,
          column * depth,
          (column + HALF) * depth,
          panels,
          4L * (panel * q.steps() + column - panel),
          4L * width);
    }
  }

  private void pack(float[] codes, int low, int high, MemorySegment to, long at, long step) {
    for (int d = 0; d < depth; d++) {
      to.set(JAVA_FLOAT, at + d * step, Math.fma(BASE, codes[high + d], codes[low + d]));
    }
    if (q.steps() > depth) {
      to.set(JAVA_FLOAT, at + depth * step, 0f);
    }
  }

  @Override
  public void scores(int row, int tiles, int from, int to, float[] scores) {
    int columns = paired ? HALF : KEYS;
    int begin = paired ? 0 : from;
    int end = paired ? Math.min(to, HALF) : to;
    int present = Math.min(tiles * ROWS, rows.count() - row);
    for (int r = 0; r < present; r++) {
      q.put(r, 1, codes, (row + r) * depth);
    }
    q.clearFrom(present);
    KeyValueBlock.products(q, tiles, panels, columns, begin, end, raw, KEYS);
    for (int r = 0; r < present; r++) {
      int block = index(row + r);
      float factor = small[factorsAt + block];
      float low = factor * keyScales[0];
      float high = factor * keyScales[1];
      int added = addedAt + block * KEYS;
      if (paired) {
        apart(raw, r * KEYS, low, high, small, added, scores, r * PITCH);
      } else {
        scaled(HALF, raw, r * KEYS, low, small, added, scores, r * PITCH);
        scaled(HALF, raw, r * KEYS + HALF, high, small, added + HALF, scores, r * PITCH + HALF);
      }
    }
  }

  private static void apart(
      float[] raw, int at, float low, float high, float[] added, int addedAt, float[] y, int to) {
    FloatVector inverse = FloatVector.broadcast(F, INVERSE);
    FloatVector integers = FloatVector.broadcast(F, INTEGERS);
    FloatVector minusBase = FloatVector.broadcast(F, -BASE);
    FloatVector lowFactor = FloatVector.broadcast(F, low);
    FloatVector highFactor = FloatVector.broadcast(F, high);
    for (int c = 0; c < HALF; c += LANES) {
      FloatVector sum = FloatVector.fromArray(F, raw, at + c);
      FloatVector second = sum.fma(inverse, integers).sub(integers);
      FloatVector first = second.fma(minusBase, sum);
      first.fma(lowFactor, FloatVector.fromArray(F, added, addedAt + c)).intoArray(y, to + c);
      second
          .fma(highFactor, FloatVector.fromArray(F, added, addedAt + HALF + c))
          .intoArray(y, to + HALF + c);
    }
  }

  private static void scaled(
      int count, float[] raw, int at, float factor, float[] added, int addedAt, float[] y, int to) {
    FloatVector f = FloatVector.broadcast(F, factor);
    for (int c = 0; c < count; c += LANES) {
      FloatVector.fromArray(F, raw, at + c)
          .fma(f, FloatVector.fromArray(F, added, addedAt + c))
          .intoArray(y, to + c);
    }
  }
}
