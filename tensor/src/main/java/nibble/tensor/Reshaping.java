package nibble.tensor;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Rows of the derivative table that only move elements. */
final class Reshaping {
  private static final int ENOUGH_ROWS = 16;

  private Reshaping() {}

  /** The same elements in another shape; shares memory. */
  record Reshape(Shape shape) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      return in[0].view(shape.dims());
    }

    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      return new Tensor[] {grad.view(in[0].shape().dims())};
    }

    @Override
    public Saves saves() {
      return Saves.SHAPES;
    }
  }

  /** Axis {@code i} of the result is axis {@code axes[i]} of the input. */
  record Permute(int[] axes) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      return permuted(engine, in[0], axes);
    }

    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      int[] inverse = new int[axes.length];
      for (int i = 0; i < axes.length; i++) {
        inverse[axes[i]] = i;
      }
      return new Tensor[] {permuted(engine, grad, inverse)};
    }

    @Override
    public Saves saves() {
      return Saves.SHAPES;
    }
  }

  /** Indices {@code from} to {@code to} along {@code axis}, copied. */
  record Slice(int axis, int from, int to) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor view = in[0].slice(axis, from, to);
      Tensor out = engine.empty(view.shape());
      view.copyTo(out.array(), out.offset());
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor result = engine.zeros(in[0].shape());
      copyInto(grad, result, axis, from);
      return new Tensor[] {result};
    }

    @Override
    public Saves saves() {
      return Saves.SHAPES;
    }
  }

  /** The inputs one after the other along {@code axis}. */
  record Concat(int axis) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      int total = 0;
      for (Tensor part : in) {
        if (part.rank() != in[0].rank()
            || !part.shape().with(axis, 0).equals(in[0].shape().with(axis, 0))) {
          throw new IllegalArgumentException(
              "concat along axis %d of %s and %s".formatted(axis, in[0].shape(), part.shape()));
        }
        total += part.dim(axis);
      }
      Tensor out = engine.empty(in[0].shape().with(axis, total));
      int at = 0;
      for (Tensor part : in) {
        copyInto(part, out, axis, at);
        at += part.dim(axis);
      }
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      @Nullable Tensor[] result = new Tensor[in.length];
      int at = 0;
      for (int i = 0; i < in.length; i++) {
        int next = at + in[i].dim(axis);
        result[i] = wanted[i] ? new Slice(axis, at, next).forward(engine, grad) : null;
        at = next;
      }
      return result;
    }

    @Override
    public Saves saves() {
      return Saves.SHAPES;
    }
  }

  /** Repeats axes of dimension 1 and adds leading axes. */
  record Expand(Shape shape) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      return expanded(engine, in[0], shape);
    }

    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      return new Tensor[] {Reduction.sumTo(engine, grad, in[0].shape())};
    }

    @Override
    public Saves saves() {
      return Saves.SHAPES;
    }
  }

  /** Rows {@code ids} of a table {@code [rows, width]}: {@code [ids, width]}. */
  record RowsOf(int[] ids) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor table = in[0];
      if (table.rank() != 2) {
        throw new IllegalArgumentException(
            "rowsOf needs a table [rows, width], got " + table.shape());
      }
      int width = table.dim(1);
      Tensor out = engine.empty(Shape.of(ids.length, width));
      for (int i = 0; i < ids.length; i++) {
        int row = java.util.Objects.checkIndex(ids[i], table.dim(0));
        System.arraycopy(
            table.array(),
            table.offset() + row * width,
            out.array(),
            out.offset() + i * width,
            width);
      }
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor result = engine.zeros(in[0].shape());
      int width = in[0].dim(1);
      float[] g = grad.array();
      float[] d = result.array();
      for (int i = 0; i < ids.length; i++) {
        int from = grad.offset() + i * width;
        int to = result.offset() + ids[i] * width;
        for (int j = 0; j < width; j++) {
          d[to + j] += g[from + j];
        }
      }
      return new Tensor[] {result};
    }

    @Override
    public Saves saves() {
      return Saves.SHAPES;
    }
  }

  private static Tensor permuted(Engine engine, Tensor x, int[] axes) {
    long[] own = x.shape().rowMajorStrides();
    int[] dims = new int[axes.length];
    long[] strides = new long[axes.length];
    for (int i = 0; i < axes.length; i++) {
      dims[i] = x.dim(axes[i]);
      strides[i] = own[axes[i]];
    }
    return copied(engine, x, Shape.of(dims), strides);
  }

  static Tensor expanded(Engine engine, Tensor x, Shape shape) {
    return copied(engine, x, shape, Broadcast.strides(x.shape(), shape));
  }

  /** A copy of {@code x} read with other strides, shared out by its leading axes. */
  private static Tensor copied(Engine engine, Tensor x, Shape shape, long[] strides) {
    Tensor out = engine.empty(shape);
    if (shape.size() == 0) {
      return out;
    }
    int lead = 0;
    int outer = 1;
    while (lead < shape.rank() - 1 && outer < ENOUGH_ROWS) {
      outer *= shape.dim(lead++);
    }
    int split = lead;
    int inner = (int) (shape.size() / outer);
    int[] dims = shape.dims();
    Shape innerShape = Shape.of(Arrays.copyOfRange(dims, split, dims.length));
    long[] innerStrides = Arrays.copyOfRange(strides, split, dims.length);
    engine.blocks(
        outer,
        inner,
        (from, to, scratch) -> {
          for (int index = from; index < to; index++) {
            long at = x.offset();
            int rest = index;
            for (int axis = split - 1; axis >= 0; axis--) {
              at += rest % dims[axis] * strides[axis];
              rest /= dims[axis];
            }
            Strided.copy(
                x.array(),
                (int) at,
                innerStrides,
                innerShape,
                out.array(),
                out.offset() + index * inner);
          }
        });
    return out;
  }

  /** Writes {@code part} into {@code whole} from index {@code at} of {@code axis} on. */
  private static void copyInto(Tensor part, Tensor whole, int axis, int at) {
    int inner = 1;
    for (int i = axis + 1; i < whole.rank(); i++) {
      inner *= whole.dim(i);
    }
    int length = part.dim(axis) * inner;
    int stride = whole.dim(axis) * inner;
    int outer = length == 0 ? 0 : (int) (part.size() / length);
    for (int i = 0; i < outer; i++) {
      System.arraycopy(
          part.array(),
          part.offset() + i * length,
          whole.array(),
          whole.offset() + i * stride + at * inner,
          length);
    }
  }
}
