package nibble.kernels.attention;

import nibble.kernels.parallel.Scratch;

/**
 * The heads of one tile of a {@link KeyValueSource}: each block of keys and values is made once and
 * met by the rows of all of them.
 *
 * <p>Task scratch: float slots 6 (keys) and 7 (values), beside those of the attention of one head.
 */
final class SourceTiles {
  private static final int KEYS = Math.max(FloatTileScores.KEYS, ThinAttention.KEYS);

  private final AttentionShape shape;
  private final KeyValueSource source;
  private final int b;
  private final int head;
  private final Scratch scratch;
  private final int width;
  private final float[] k;
  private final float[] v;

  /** Heads from {@code head} on of sequence {@code b}. */
  SourceTiles(AttentionShape shape, KeyValueSource source, int b, int head, Scratch scratch) {
    this.shape = shape;
    this.source = source;
    this.b = b;
    this.head = head;
    this.scratch = scratch;
    width = source.headsTogether() * shape.headDim();
    k = scratch.floats(6, KEYS * width);
    v = scratch.floats(7, KEYS * width);
  }

  static void check(AttentionShape shape, KeyValueSource source) {
    int together = source.headsTogether();
    if (together < 1 || shape.kvHeads() % together != 0) {
      throw new IllegalArgumentException(
          "tiles of %d heads do not divide %d key heads".formatted(together, shape.kvHeads()));
    }
  }

  void thin(AttentionOperands operands) {
    ThinAttention[] heads = new ThinAttention[source.headsTogether()];
    for (int i = 0; i < heads.length; i++) {
      heads[i] = new ThinAttention(operands, b, head + i, i, heads.length, scratch);
    }
    int end = heads[0].endKey();
    for (int first = heads[0].firstKey(); first < end; first += ThinAttention.KEYS) {
      load(first, Math.min(ThinAttention.KEYS, end - first));
      for (int i = 0; i < heads.length; i++) {
        heads[i].keys(first, k, i * shape.headDim(), width, v, i * shape.headDim(), width);
      }
    }
    for (ThinAttention each : heads) {
      each.finish();
    }
  }

  void tiled(AttentionOperands operands, int from, int to) {
    TiledAttention[] heads = new TiledAttention[source.headsTogether()];
    for (int i = 0; i < heads.length; i++) {
      heads[i] = new TiledAttention(operands, b, head + i, from, to, i, heads.length, scratch);
    }
    int end = heads[0].endKey();
    for (int first = heads[0].firstKey(); first < end; first += FloatTileScores.KEYS) {
      load(first, Math.min(FloatTileScores.KEYS, end - first));
      for (int i = 0; i < heads.length; i++) {
        heads[i].keys(first, k, i * shape.headDim(), width, v, i * shape.headDim(), width);
      }
    }
    for (TiledAttention each : heads) {
      each.finish();
    }
  }

  private void load(int first, int count) {
    source.keys(b, head, first, count, k, 0, scratch);
    source.values(b, head, first, count, v, 0, scratch);
  }
}
