package nibble.tensor;

import nibble.kernels.attention.HeadView;
import nibble.kernels.attention.Rope;
import nibble.kernels.attention.RopeTable;
import org.jspecify.annotations.Nullable;

/**
 * Row of the derivative table that turns pairs of {@code x [batch, tokens, heads * headDim]} by the
 * angles of their positions.
 */
record Rotation(int headDim, RopeTable table, int[] positions) implements Operator {
  @Override
  public Tensor forward(Engine engine, Tensor... in) {
    Tensor x = in[0];
    if (x.rank() != 3 || headDim < 1 || x.dim(2) % headDim != 0) {
      throw new IllegalArgumentException(
          "rotate needs x [batch, tokens, heads * %d], got %s".formatted(headDim, x.shape()));
    }
    if (positions.length != x.dim(1) && positions.length != x.dim(0) * x.dim(1)) {
      throw new IllegalArgumentException(
          "rotate of %s needs %d positions, or one for each of %d sequences' tokens, got %d"
              .formatted(x.shape(), x.dim(1), x.dim(0), positions.length));
    }
    return turned(engine, x, false);
  }

  /** The gradient turned back: a rotation's transpose is its inverse, its magnitude stays. */
  @Override
  public @Nullable Tensor[] backward(
      Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
    return new Tensor[] {turned(engine, grad, true)};
  }

  @Override
  public Saves saves() {
    return Saves.SHAPES;
  }

  private Tensor turned(Engine engine, Tensor x, boolean inverse) {
    Tensor out = engine.empty(x.shape());
    int tokens = x.dim(1);
    int width = x.dim(2);
    boolean shared = positions.length == tokens;
    engine.blocks(
        x.dim(0) * tokens,
        width,
        (from, to, scratch) -> {
          System.arraycopy(
              x.array(),
              x.offset() + from * width,
              out.array(),
              out.offset() + from * width,
              (to - from) * width);
          for (int row = from; row < to; ) {
            int count = Math.min(to - row, tokens - row % tokens); // rows of one sequence
            HeadView rows =
                HeadView.of(
                    out.array(), out.offset() + row * width, count, width / headDim, headDim);
            Rope.best()
                .rotate(
                    0,
                    count,
                    width / headDim,
                    headDim,
                    rows,
                    table,
                    positions,
                    shared ? row % tokens : row,
                    inverse);
            row += count;
          }
        });
    return out;
  }
}
