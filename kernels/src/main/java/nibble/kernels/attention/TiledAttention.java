package nibble.kernels.attention;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import nibble.kernels.gemm.RegisterTiles;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.rowwise.Elementwise;

/**
 * Attention of one head of k and v and the queries that read it, in tiles of {@link RegisterTiles}.
 * Rows are queries times the heads of a group, in that order. Keys are taken in blocks: packed
 * once, then met by all rows, a few tiles of rows at a time, so that a panel of keys is read from
 * the first-level cache. Blocks of keys begin at fixed positions; so results do not depend on how
 * rows are shared out.
 *
 * <p>Task scratch: float slots 3 (scores), 4 (sums of v), 5 (softmax), segment slot 3 (values), and
 * what {@link TileScores} take.
 */
final class TiledAttention {
  /** Rows of one call at most: their sums of v stay in a near cache. */
  static final int MOST_ROWS = 510;

  private static final int ROWS = RegisterTiles.ROWS;

  private static final int PITCH = TileScores.PITCH;

  /** Rows of scores that are held at a time. */
  static final int BLOCK_ROWS = 4 * ROWS;

  private final AttentionOperands operands;
  private final AttentionRule rule;
  private final int depth;
  private final int sumPitch;
  private final int b;
  private final TileRows tileRows;
  private final TileScores tileScores;
  private final int rows;
  private final int blockKeys;
  private final float[] scores;
  private final float[] sums;
  private final float[] softmax;
  private final MemorySegment values;
  private final int sumsFrom;
  private final int softmaxFrom;

  /** Rows {@code firstRow} to {@code endRow - 1} of head {@code kvHead} of sequence {@code b}. */
  TiledAttention(
      AttentionOperands operands, int b, int kvHead, int firstRow, int endRow, Scratch scratch) {
    this(operands, b, kvHead, firstRow, endRow, 0, 1, scratch);
  }

  /**
   * The same as one of several heads that one thread works on at the same time: number {@code
   * member} of {@code members}.
   */
  TiledAttention(
      AttentionOperands operands,
      int b,
      int kvHead,
      int firstRow,
      int endRow,
      int member,
      int members,
      Scratch scratch) {
    this(new TileRows(operands, b, kvHead, firstRow, endRow - firstRow), member, members, scratch);
  }

  private TiledAttention(TileRows tileRows, int member, int members, Scratch scratch) {
    this(tileRows, member, members, new FloatTileScores(tileRows, scratch), scratch);
  }

  /** With scores that are made otherwise. */
  TiledAttention(TileRows tileRows, TileScores tileScores, Scratch scratch) {
    this(tileRows, 0, 1, tileScores, scratch);
  }

  private TiledAttention(
      TileRows tileRows, int member, int members, TileScores tileScores, Scratch scratch) {
    this.tileRows = tileRows;
    this.tileScores = tileScores;
    operands = tileRows.operands();
    b = tileRows.b();
    rule = operands.rule();
    depth = tileRows.depth();
    rows = tileRows.count();
    sumPitch = PanelCut.padded(depth);
    int tileRowCount = Math.ceilDiv(rows, ROWS) * ROWS;
    int state = 2 * rows + OnlineSoftmax.LANES;
    scores = scratch.floats(3, BLOCK_ROWS * PITCH);
    sums = scratch.floats(4, members * tileRowCount * sumPitch);
    softmax = scratch.floats(5, members * state);
    sumsFrom = member * tileRowCount * sumPitch;
    softmaxFrom = member * state;
    blockKeys = tileScores.blockKeys();
    values = scratch.segment(3, 4L * blockKeys * sumPitch);
    Arrays.fill(sums, sumsFrom, sumsFrom + tileRowCount * sumPitch, 0);
    Arrays.fill(softmax, softmaxFrom, softmaxFrom + rows, Float.NEGATIVE_INFINITY);
    Arrays.fill(softmax, softmaxFrom + rows, softmaxFrom + 2 * rows, 0);
  }

  void run(HeadView k, HeadView v) {
    for (int first = firstKey(); first < endKey(); first += blockKeys) {
      keys(
          first,
          k.array(),
          k.at(b, first, tileRows.kvHead()),
          k.rowStride(),
          v.array(),
          v.at(b, first, tileRows.kvHead()),
          v.rowStride());
    }
    finish();
  }

  /** Where the first block of keys begins. */
  int firstKey() {
    return rule.firstKey(tileRows.query(0)) / blockKeys * blockKeys;
  }

  /** The key after the last one that a row sees. */
  int endKey() {
    return rule.endKey(tileRows.query(rows - 1), operands.keys(b));
  }

  /**
   * All rows meet the block of keys from {@code first} on, which lie at {@code kAt}, their values
   * at {@code vAt}.
   */
  void keys(int first, float[] k, int kAt, int kRow, float[] v, int vAt, int vRow) {
    int present = operands.keys(b);
    int count = Math.min(blockKeys, endKey() - first);
    tileScores.keys(first, count, k, kAt, kRow);
    int seen = Math.max(0, rule.firstKey(tileRows.query(0)) - first);
    KeyValueBlock.packValues(seen, count, depth, v, vAt, vRow, values);
    for (int row = 0; row < rows; row += BLOCK_ROWS) {
      int blockRows = Math.min(BLOCK_ROWS, rows - row);
      int from = Math.max(0, rule.firstKey(tileRows.query(row)) - first);
      int to = Math.min(count, rule.endKey(tileRows.query(row + blockRows - 1), present) - first);
      if (from < to) {
        block(row, blockRows, first, count, from, to);
      }
    }
  }

  /**
   * Rows from {@code row} on meet keys {@code from} to {@code to - 1} of the {@code count} packed
   * ones.
   */
  private void block(int row, int blockRows, int first, int count, int from, int to) {
    int tiles = Math.ceilDiv(blockRows, ROWS);
    tileScores.scores(row, tiles, from, to, scores);
    if (rule.isCapped()) {
      cap(blockRows, from, to);
    }
    soften(row, blockRows, first, from, to);
    ProbabilityMap map = operands.probabilities();
    if (map != null) {
      change(map, row, blockRows, to);
    }
    int begin = from & -2; // hidden keys that make the number even have a score of zero
    int steps = KeyValueBlock.even(to) - begin;
    for (int p = 0; p < PanelCut.count(depth); p++) {
      int column = p * PanelCut.WIDE;
      boolean wide = PanelCut.isWide(p, depth);
      long panel = 4L * column * KeyValueBlock.even(count) + 4L * begin * PanelCut.width(p, depth);
      for (int tile = 0; tile < tiles; tile++) {
        int at = sumsFrom + (row + tile * ROWS) * sumPitch + column;
        RegisterTiles.rows(
            wide,
            steps,
            scores,
            tile * ROWS * PITCH + begin,
            values,
            panel,
            sums,
            at,
            sumPitch,
            sums,
            at,
            sumPitch);
      }
    }
  }

  /**
   * Not a part of {@link #soften}: with its exponential and this one's tangent in one method the
   * compiler runs out of nodes now and then, and allocates vectors.
   */
  private void cap(int blockRows, int from, int to) {
    int begin = panelBegin(from);
    int count = OnlineSoftmax.wholeVectors(to - begin);
    for (int r = 0; r < blockRows; r++) {
      OnlineSoftmax.cap(count, rule.softCap(), scores, r * PITCH + begin);
    }
  }

  /** The first key of the panel that key {@code from} lies in. */
  private static int panelBegin(int from) {
    return from / PanelCut.WIDE * PanelCut.WIDE;
  }

  /**
   * Scores of {@code blockRows} rows become exponentials, those of hidden keys 0; what a row has
   * summed up so far is scaled to its new maximum.
   *
   * <p>One method, and longer than what C2 puts into a caller (325 bytes of code): so it is always
   * compiled by itself. Calls of the exponential are nested eight deep; with those of the callers
   * around them they came to the compiler's limit of 15 in some runs, and what it does not inline
   * allocates its vectors.
   */
  private void soften(int row, int blockRows, int first, int from, int to) {
    int begin = panelBegin(from);
    int count = OnlineSoftmax.wholeVectors(to - begin);
    int present = operands.keys(b);
    HeadView bias = operands.bias();
    for (int r = row; r < row + blockRows; r++) {
      int query = tileRows.query(r);
      int at = (r - row) * PITCH;
      int seenFrom = Math.max(from, rule.firstKey(query) - first);
      int seenTo = Math.min(to, rule.endKey(query, present) - first);
      if (bias != null && seenFrom < seenTo) {
        int biasAt = bias.at(b, query, tileRows.head(r)) + first + seenFrom;
        Elementwise.best()
            .add(
                seenTo - seenFrom,
                scores,
                at + seenFrom,
                bias.array(),
                biasAt,
                scores,
                at + seenFrom);
      }
      int hiddenTo = Math.min(seenFrom, begin + count);
      Arrays.fill(scores, at + begin, at + hiddenTo, Float.NEGATIVE_INFINITY);
      Arrays.fill(
          scores, at + Math.max(hiddenTo, seenTo), at + begin + count, Float.NEGATIVE_INFINITY);
      float factor =
          OnlineSoftmax.take(
              count,
              scores,
              at + begin,
              softmax,
              softmaxFrom + r,
              softmaxFrom + rows + r,
              softmaxFrom + 2 * rows);
      if (factor != 1) {
        int sumsAt = sumsFrom + r * sumPitch;
        OnlineSoftmax.scale(depth, factor, sums, sumsAt, sums, sumsAt);
      }
    }
  }

  /**
   * Exponentials, which are those of all keys, become what is made of their probabilities; sums of
   * v are not to be divided then.
   */
  private void change(ProbabilityMap map, int row, int blockRows, int keys) {
    for (int r = row; r < row + blockRows; r++) {
      int sumAt = softmaxFrom + rows + r;
      float total = softmax[sumAt];
      map.apply(tileRows.head(r), keys, total == 0 ? 0 : 1 / total, scores, (r - row) * PITCH);
      softmax[sumAt] = 1;
    }
  }

  /** Sums of v divided by the sums of exponentials. */
  void finish() {
    HeadView out = operands.out();
    for (int row = 0; row < rows; row++) {
      float total = softmax[softmaxFrom + rows + row];
      float factor = total == 0 ? 0 : 1 / total;
      OnlineSoftmax.scale(
          depth,
          factor,
          sums,
          sumsFrom + row * sumPitch,
          out.array(),
          out.at(b, tileRows.query(row), tileRows.head(row)));
    }
  }
}
