package nibble.kernels.attention;

import nibble.kernels.parallel.WorkSplitter;

/** {@link TiledAttention} with products of codes in place of those of floats. */
final class VectorSmoothedAttention implements SmoothedAttention {
  /** More than where keys are only packed: making codes of them takes longer. */
  private static final int MOST_ROWS = 1024;

  @Override
  public void forward(
      AttentionShape shape,
      AttentionRule rule,
      SmoothedScores codes,
      HeadView q,
      HeadView k,
      HeadView v,
      HeadView out,
      WorkSplitter splitter) {
    if (shape.queries() == 1) {
      Attention.best().forward(shape, rule, q, k, v, null, null, out, splitter);
      return;
    }
    codes.check(shape);
    AttentionOperands operands = new AttentionOperands(shape, rule, q, null, null, out);
    operands.check("k", k);
    operands.check("v", v);
    VectorAttention.share(
        shape,
        1,
        SmoothedScores.QUERY_BLOCK * shape.group(),
        MOST_ROWS,
        splitter,
        (unit, from, to, scratch) -> {
          TileRows rows =
              new TileRows(
                  operands, unit / shape.kvHeads(), unit % shape.kvHeads(), from, to - from);
          new TiledAttention(rows, new SmoothedTileScores(rows, codes, k, scratch), scratch)
              .run(k, v);
        });
  }
}
