package nibble.tensor;

import java.util.Arrays;
import nibble.kernels.rowwise.Reductions;
import org.jspecify.annotations.Nullable;

/**
 * Rows of the derivative table that sum. The order of every sum is fixed, whatever the number of
 * threads.
 */
final class Reduction {
  private static final int COLUMNS = 256;
  private static final int ROWS = 64;
  private static final int PIECE = 1024;

  private Reduction() {}

  /** The sum of all elements, rank 0. */
  record SumAll() implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor out = engine.empty(Shape.of());
      Tensor x = in[0];
      double sum =
          total(
              engine,
              (int) x.size(),
              (from, count) -> Reductions.best().sum(count, x.array(), x.offset() + from));
      out.array()[out.offset()] = (float) sum;
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor result = engine.empty(in[0].shape());
      Arrays.fill(result.array(), grad.item());
      return new Tensor[] {result};
    }

    @Override
    public Saves saves() {
      return Saves.SHAPES;
    }
  }

  /** The sum along one axis (counted from the front), which becomes 1. */
  record SumAxis(int axis) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      return sumAlong(engine, in[0], axis);
    }

    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      return new Tensor[] {Reshaping.expanded(engine, grad, in[0].shape())};
    }

    @Override
    public Saves saves() {
      return Saves.SHAPES;
    }
  }

  /** The sum of a piece of {@code count} elements. */
  @FunctionalInterface
  interface PieceSum {
    float of(int from, int count);
  }

  /**
   * A sum over {@code size} elements: pieces in float by a kernel, their sums in double, in a fixed
   * order.
   */
  static double total(Engine engine, int size, PieceSum pieces) {
    double[] partial = new double[Engine.blockCount(size, 1)];
    engine.blocks(
        size,
        1,
        (from, to, scratch) -> partial[from / Engine.blockSize(1)] = serialTotal(from, to, pieces));
    return Arrays.stream(partial).sum();
  }

  private static double serialTotal(int from, int to, PieceSum pieces) {
    double sum = 0;
    for (int at = from; at < to; at += PIECE) {
      sum += pieces.of(at, Math.min(PIECE, to - at));
    }
    return sum;
  }

  /**
   * {@code x} summed over the axes along which {@code shape} was repeated to give it; {@code x}
   * itself if there are none.
   */
  static Tensor sumTo(Engine engine, Tensor x, Shape shape) {
    Tensor sum = x;
    int added = x.rank() - shape.rank();
    for (int axis = x.rank() - 1; axis >= 0; axis--) {
      boolean repeated = axis < added || shape.dim(axis - added) == 1;
      if (repeated && sum.dim(axis) != 1) {
        sum =
            axis < added
                ? sumLeading(engine, sum, axis + 1)
                : sumAlong(engine, sum, axis); // added axes in one pass
      }
    }
    return sum.shape().equals(shape) ? sum : sum.view(shape.dims());
  }

  /** Sums axes 0 to {@code axes - 1}; they become 1. */
  private static Tensor sumLeading(Engine engine, Tensor x, int axes) {
    int[] dims = x.shape().dims();
    int rows = 1;
    for (int axis = 0; axis < axes; axis++) {
      rows *= dims[axis];
      dims[axis] = 1;
    }
    Tensor out = engine.empty(Shape.of(dims));
    sumMiddle(engine, x, 1, rows, (int) out.size(), out);
    return out;
  }

  private static Tensor sumAlong(Engine engine, Tensor x, int axis) {
    Tensor out = engine.empty(x.shape().with(axis, 1));
    int inner = 1;
    for (int i = axis + 1; i < x.rank(); i++) {
      inner *= x.dim(i);
    }
    int outer = inner == 0 ? 0 : (int) (out.size() / inner);
    sumMiddle(engine, x, outer, x.dim(axis), inner, out);
    return out;
  }

  /** {@code out[o, i] = sum_r x[o, r, i]}. */
  static void sumMiddle(Engine engine, Tensor x, int outer, int rows, int inner, Tensor out) {
    float[] from = x.array();
    float[] to = out.array();
    int at = x.offset();
    int outAt = out.offset();
    if (inner == 1) {
      engine.blocks(
          outer,
          rows,
          (first, last, scratch) -> {
            for (int o = first; o < last; o++) {
              int row = at + o * rows;
              double sum =
                  serialTotal(
                      0, rows, (piece, count) -> Reductions.best().sum(count, from, row + piece));
              to[outAt + o] = (float) sum;
            }
          });
      return;
    }
    int chunks = (inner + COLUMNS - 1) / COLUMNS;
    engine.blocks(
        outer * chunks,
        (long) rows * Math.min(inner, COLUMNS),
        (first, last, scratch) -> {
          float[] part = scratch.floats(8, COLUMNS);
          for (int task = first; task < last; task++) {
            int column = task % chunks * COLUMNS;
            int width = Math.min(COLUMNS, inner - column);
            sumColumns(
                from,
                at + task / chunks * rows * inner + column,
                rows,
                inner,
                width,
                part,
                to,
                outAt + task / chunks * inner + column);
          }
        });
  }

  /** Two levels: rows in groups, then the groups, so the rounding error grows slowly. */
  private static void sumColumns(
      float[] x, int at, int rows, int stride, int width, float[] part, float[] out, int outAt) {
    Arrays.fill(out, outAt, outAt + width, 0);
    for (int row = 0; row < rows; row += ROWS) {
      Arrays.fill(part, 0, width, 0);
      for (int r = row; r < Math.min(rows, row + ROWS); r++) {
        int from = at + r * stride;
        for (int i = 0; i < width; i++) {
          part[i] += x[from + i];
        }
      }
      for (int i = 0; i < width; i++) {
        out[outAt + i] += part[i];
      }
    }
  }
}
