package nibble.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import org.junit.jupiter.api.Test;

class KeyValueSourceTest {
  /** Tiles copied from arrays. */
  private record Copied(AttentionCase from, int headsTogether) implements KeyValueSource {
    @Override
    public void keys(int b, int head, int first, int count, float[] to, int at, Scratch scratch) {
      copy(from.k, b, head, first, count, to, at);
    }

    @Override
    public void values(int b, int head, int first, int count, float[] to, int at, Scratch scratch) {
      copy(from.v, b, head, first, count, to, at);
    }

    private void copy(HeadView view, int b, int head, int first, int count, float[] to, int at) {
      int headDim = from.shape.headDim();
      for (int j = 0; j < count; j++) {
        for (int h = 0; h < headsTogether; h++) {
          System.arraycopy(
              view.array(),
              view.at(b, first + j, head + h),
              to,
              at + (j * headsTogether + h) * headDim,
              headDim);
        }
      }
    }
  }

  @Property(tries = 60)
  void tilesGiveTheBitsOfArrays(
      @ForAll @IntRange(min = 1, max = 2) int batch,
      @ForAll @IntRange(min = 1, max = 40) int queries,
      @ForAll @IntRange(max = 300) int past,
      @ForAll @IntRange(min = 1, max = 3) int tiles,
      @ForAll @IntRange(min = 1, max = 3) int together,
      @ForAll @IntRange(min = 1, max = 3) int group,
      @ForAll @IntRange(min = 1, max = 40) int headDim,
      @ForAll @IntRange(min = 1, max = 200) int window,
      @ForAll long seed) {
    int kvHeads = tiles * together;
    AttentionShape shape =
        new AttentionShape(batch, queries, past + queries, kvHeads * group, kvHeads, headDim);
    AttentionCase c =
        new AttentionCase(
            shape, AttentionRule.scaled(headDim).causalFrom(past).withWindow(window), seed);
    try (WorkSplitter splitter = WorkSplitter.ofThreads(2)) {
      for (Attention attention : new Attention[] {new ScalarAttention(), Attention.best()}) {
        assertArrayEquals(
            c.run(attention, splitter), c.run(attention, new Copied(c, together), splitter));
      }
    }
  }

  @Test
  void refusesTilesThatDoNotDivideTheHeads() {
    AttentionShape shape = new AttentionShape(1, 1, 4, 3, 3, 8);
    AttentionCase c = new AttentionCase(shape, AttentionRule.scaled(8), 1);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      HeadView out = HeadView.of(new float[24], 0, 1, 3, 8);
      for (Attention attention : new Attention[] {new ScalarAttention(), Attention.best()}) {
        assertThrows(
            IllegalArgumentException.class,
            () -> attention.forward(shape, c.rule, c.q, new Copied(c, 2), out, serial));
      }
    }
  }
}
