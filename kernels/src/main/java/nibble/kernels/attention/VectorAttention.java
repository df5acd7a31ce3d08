package nibble.kernels.attention;

import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the work into pieces, each a run of rows of one head of k and v, and shares them out. Many rows go to {@link TiledAttention}, a few
 * (the next token of a text) to {@link ThinAttention}, which does not pack the keys.
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
      AttentionShape shape, AttentionRule rule, HeadView q, HeadView k, HeadView v, int @Nullable [] keyLengths, @Nullable HeadView bias,
      HeadView out, WorkSplitter splitter) {
    AttentionOperands operands = new AttentionOperands(shape, rule, q, k, v, keyLengths, bias, out);
    int units = shape.batch() * shape.kvHeads();
    int rows = shape.queries() * shape.group();
    if (units == 0 || rows == 0) {
      return;
    }
    int workers = splitter.workers();
    int shares = workers == 1 ? 1 : (int) Math.clamp(shape.multiplyAdds() / SMALLEST_SHARE, 1, (long) SHARES * workers);
    int parts = Math.max(Math.ceilDiv(rows, TiledAttention.MOST_ROWS), Math.min(Math.ceilDiv(shares, units), rows / FEWEST_ROWS));
    int pieces = units * parts;
    int tasks = Math.min(shares, pieces);
    splitter.run(
        tasks,
        (task, scratch) -> {
          for (int piece = part(pieces, task, tasks); piece < part(pieces, task + 1, tasks); piece++) {
            int unit = piece / parts;
            int index = piece % parts;
            piece(operands, unit, part(rows, index, parts), part(rows, index + 1, parts), scratch);
          }
        });
  }

  private static int part(int whole, int index, int parts) {
    return (int) ((long) whole * index / parts);
  }

  private static void piece(AttentionOperands operands, int unit, int from, int to, Scratch scratch) {
    int b = unit / operands.shape().kvHeads();
    int kvHead = unit % operands.shape().kvHeads();
    if (operands.shape().queries() * operands.shape().group() <= ThinAttention.MOST_ROWS) {
      new ThinAttention(operands, b, kvHead, scratch).run();
    } else {
      new TiledAttention(operands, b, kvHead, from, to, scratch).run();
    }
  }
}
