package nibble.kernels.attention;

import nibble.kernels.gemm.RegisterTiles;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the work into pieces, each a run of rows of one head of k and v, and shares them out. Many
 * rows go to {@link TiledAttention}, a few (the next token of a text) to {@link ThinAttention},
 * which does not pack the keys.
 */
final class VectorAttention implements Attention {
  /** Multiply-adds below which a second thread costs more than it brings. */
  private static final long SMALLEST_SHARE = 1 << 17;

  /** Pieces for each worker: a delayed thread costs less. */
  private static final int SHARES = 3;

  /** Rows for which it is worth packing the keys once more. */
  private static final int FEWEST_ROWS = 48;

  @Override
  public void forward(
      AttentionShape shape,
      AttentionRule rule,
      HeadView q,
      HeadView k,
      HeadView v,
      int @Nullable [] keyLengths,
      @Nullable HeadView bias,
      HeadView out,
      WorkSplitter splitter) {
    run(new AttentionOperands(shape, rule, q, keyLengths, bias, out), k, v, splitter);
  }

  @Override
  public void forward(
      AttentionShape shape,
      AttentionRule rule,
      ProbabilityMap probabilities,
      HeadView q,
      HeadView k,
      HeadView v,
      HeadView out,
      WorkSplitter splitter) {
    run(
        AttentionOperands.mapped(shape, rule, probabilities, q, out, mostKeysTogether()),
        k,
        v,
        splitter);
  }

  @Override
  public int mostKeysTogether() {
    return FloatTileScores.KEYS;
  }

  private static void run(
      AttentionOperands operands, HeadView k, HeadView v, WorkSplitter splitter) {
    AttentionShape shape = operands.shape();
    operands.check("k", k);
    operands.check("v", v);
    boolean thin = isThin(shape) && operands.probabilities() == null;
    share(
        shape,
        1,
        RegisterTiles.ROWS,
        TiledAttention.MOST_ROWS,
        splitter,
        (unit, from, to, scratch) -> {
          int b = unit / shape.kvHeads();
          int kvHead = unit % shape.kvHeads();
          if (thin) {
            new ThinAttention(operands, b, kvHead, scratch).run(k, v);
          } else {
            new TiledAttention(operands, b, kvHead, from, to, scratch).run(k, v);
          }
        });
  }

  @Override
  public void forward(
      AttentionShape shape,
      AttentionRule rule,
      HeadView q,
      KeyValueSource source,
      HeadView out,
      WorkSplitter splitter) {
    SourceTiles.check(shape, source);
    AttentionOperands operands = new AttentionOperands(shape, rule, q, null, null, out);
    int together = source.headsTogether();
    int units = shape.kvHeads() / together;
    share(
        shape,
        together,
        RegisterTiles.ROWS,
        TiledAttention.MOST_ROWS,
        splitter,
        (unit, from, to, scratch) -> {
          SourceTiles tiles =
              new SourceTiles(shape, source, unit / units, unit % units * together, scratch);
          if (isThin(shape)) {
            tiles.thin(operands);
          } else {
            tiles.tiled(operands, from, to);
          }
        });
  }

  private static boolean isThin(AttentionShape shape) {
    return shape.queries() * shape.group() <= ThinAttention.MOST_ROWS;
  }

  /** Work on rows {@code from} to {@code to - 1} of one or more heads of k and v. */
  interface Piece {
    void run(int unit, int from, int to, Scratch scratch);
  }

  /**
   * Shares the rows of all heads of k out in pieces.
   *
   * @param headsOfUnit heads of k that are worked on together
   * @param step rows that stay in one piece
   * @param mostRows of a piece, but for one step
   */
  static void share(
      AttentionShape shape,
      int headsOfUnit,
      int step,
      int mostRows,
      WorkSplitter splitter,
      Piece work) {
    int units = shape.batch() * shape.kvHeads() / headsOfUnit;
    int rows = shape.queries() * shape.group();
    if (units == 0 || rows == 0) {
      return;
    }
    int workers = splitter.workers();
    int shares =
        workers == 1
            ? 1
            : (int) Math.clamp(shape.multiplyAdds() / SMALLEST_SHARE, 1, (long) SHARES * workers);
    int steps = Math.ceilDiv(rows, step);
    int parts =
        Math.min(
            steps,
            Math.max(
                Math.ceilDiv(rows, mostRows),
                Math.min(Math.ceilDiv(shares, units), rows / FEWEST_ROWS)));
    int pieces = units * parts;
    int tasks = Math.min(shares, pieces);
    splitter.run(
        tasks,
        (task, scratch) -> {
          for (int piece = part(pieces, task, tasks);
              piece < part(pieces, task + 1, tasks);
              piece++) {
            int index = piece % parts;
            int from = part(steps, index, parts) * step;
            int to = Math.min(rows, part(steps, index + 1, parts) * step);
            work.run(piece / parts, from, to, scratch);
          }
        });
  }

  private static int part(int whole, int index, int parts) {
    return (int) ((long) whole * index / parts);
  }
}
