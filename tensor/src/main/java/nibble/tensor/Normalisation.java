package nibble.tensor;

import nibble.kernels.rowwise.LayerNorm;
import nibble.kernels.rowwise.RmsNorm;
import nibble.kernels.rowwise.Softmax;
import org.jspecify.annotations.Nullable;

/**
 * Rows of the derivative table that normalise along the last axis; the kernels hold the formulas.
 */
final class Normalisation {
  private static final int WORK = 4;
  private static final int MEANS = 8;
  private static final int INVERSES = 9;

  private Normalisation() {}

  static int columns(Tensor x) {
    if (x.rank() == 0) {
      throw new IllegalArgumentException("needs at least one axis, got a scalar");
    }
    return x.dim(-1);
  }

  static int rows(Tensor x) {
    int columns = columns(x);
    return columns == 0 ? 0 : (int) (x.size() / columns);
  }

  /** {@code y = exp(x) / sum(exp(x))}. */
  record SoftmaxRow() implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor x = in[0];
      Tensor out = engine.empty(x.shape());
      int n = columns(x);
      engine.blocks(
          rows(x),
          (long) n * WORK,
          (from, to, scratch) ->
              Softmax.best()
                  .forward(
                      to - from,
                      n,
                      x.array(),
                      x.offset() + from * n,
                      out.array(),
                      out.offset() + from * n));
      return out;
    }

    /** {@code y (g - sum(g y))}. */
    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor dx = engine.empty(grad.shape());
      int n = columns(grad);
      engine.blocks(
          rows(grad),
          n,
          (from, to, scratch) ->
              Softmax.best()
                  .backward(
                      to - from,
                      n,
                      out.array(),
                      out.offset() + from * n,
                      grad.array(),
                      grad.offset() + from * n,
                      dx.array(),
                      dx.offset() + from * n));
      return new Tensor[] {dx};
    }

    @Override
    public Saves saves() {
      return Saves.OUTPUT;
    }
  }

  /** {@code y = x - log(sum(exp(x)))}. */
  record LogSoftmaxRow() implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      return logSoftmax(engine, in[0]);
    }

    /** {@code g - exp(y) sum(g)}. */
    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor dx = engine.empty(grad.shape());
      int n = columns(grad);
      engine.blocks(
          rows(grad),
          (long) n * WORK,
          (from, to, scratch) ->
              Softmax.best()
                  .logBackward(
                      to - from,
                      n,
                      out.array(),
                      out.offset() + from * n,
                      grad.array(),
                      grad.offset() + from * n,
                      dx.array(),
                      dx.offset() + from * n));
      return new Tensor[] {dx};
    }

    @Override
    public Saves saves() {
      return Saves.OUTPUT;
    }
  }

  static Tensor logSoftmax(Engine engine, Tensor x) {
    Tensor out = engine.empty(x.shape());
    int n = columns(x);
    engine.blocks(
        rows(x),
        (long) n * WORK,
        (from, to, scratch) ->
            Softmax.best()
                .logForward(
                    to - from,
                    n,
                    x.array(),
                    x.offset() + from * n,
                    out.array(),
                    out.offset() + from * n));
    return out;
  }

  /**
   * {@code (x - mean) / sqrt(variance + eps) * gain + bias}; inputs x, then gain and bias where
   * present.
   */
  record LayerNormRow(float eps, boolean hasGain, boolean hasBias) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor x = in[0];
      int n = checkedColumns("layerNorm", in);
      float[] gain = hasGain ? vector(in[1]) : null;
      float[] bias = hasBias ? vector(in[in.length - 1]) : null;
      Tensor out = engine.empty(x.shape());
      engine.blocks(
          rows(x),
          (long) n * WORK,
          (from, to, scratch) ->
              LayerNorm.best()
                  .forward(
                      to - from,
                      n,
                      x.array(),
                      x.offset() + from * n,
                      gain,
                      bias,
                      eps,
                      out.array(),
                      out.offset() + from * n,
                      null,
                      null,
                      0));
      return out;
    }

    /** Computes the statistics again, which is cheaper than keeping them for every call. */
    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor x = in[0];
      int n = columns(x);
      float[] gain = hasGain ? vector(in[1]) : null;
      Tensor dx = engine.empty(x.shape());
      Partial dgain = new Partial(engine, x, hasGain && wanted[1]);
      Partial dbias = new Partial(engine, x, hasBias && wanted[in.length - 1]);
      engine.blocks(
          rows(x),
          (long) n * WORK,
          (from, to, scratch) -> {
            float[] mean = scratch.floats(MEANS, to - from);
            float[] inverse = scratch.floats(INVERSES, to - from);
            int at = x.offset() + from * n;
            int dxAt = dx.offset() + from * n;
            LayerNorm.best()
                .forward(
                    to - from,
                    n,
                    x.array(),
                    at,
                    null,
                    null,
                    eps,
                    dx.array(),
                    dxAt,
                    mean,
                    inverse,
                    0);
            LayerNorm.best()
                .backward(
                    to - from,
                    n,
                    x.array(),
                    at,
                    grad.array(),
                    grad.offset() + from * n,
                    gain,
                    mean,
                    inverse,
                    0,
                    dx.array(),
                    dxAt,
                    dgain.array(),
                    dgain.at(from),
                    dbias.array(),
                    dbias.at(from));
          });
      @Nullable Tensor[] result = new Tensor[in.length];
      result[0] = dx;
      if (hasGain) {
        result[1] = dgain.sum(in[1].shape());
      }
      if (hasBias) {
        result[in.length - 1] = dbias.sum(in[in.length - 1].shape());
      }
      return result;
    }
  }

  /** {@code x / sqrt(mean(x^2) + eps) * gain}; inputs x, then gain where present. */
  record RmsNormRow(float eps, boolean hasGain) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor x = in[0];
      int n = checkedColumns("rmsNorm", in);
      float[] gain = hasGain ? vector(in[1]) : null;
      Tensor out = engine.empty(x.shape());
      engine.blocks(
          rows(x),
          (long) n * WORK,
          (from, to, scratch) ->
              RmsNorm.best()
                  .forward(
                      to - from,
                      n,
                      x.array(),
                      x.offset() + from * n,
                      gain,
                      eps,
                      out.array(),
                      out.offset() + from * n,
                      null,
                      0));
      return out;
    }

    /** Computes the statistics again, which is cheaper than keeping them for every call. */
    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor x = in[0];
      int n = columns(x);
      float[] gain = hasGain ? vector(in[1]) : null;
      Tensor dx = engine.empty(x.shape());
      Partial dgain = new Partial(engine, x, hasGain && wanted[1]);
      engine.blocks(
          rows(x),
          (long) n * WORK,
          (from, to, scratch) -> {
            float[] inverse = scratch.floats(INVERSES, to - from);
            int at = x.offset() + from * n;
            int dxAt = dx.offset() + from * n;
            RmsNorm.best()
                .forward(to - from, n, x.array(), at, null, eps, dx.array(), dxAt, inverse, 0);
            RmsNorm.best()
                .backward(
                    to - from,
                    n,
                    x.array(),
                    at,
                    grad.array(),
                    grad.offset() + from * n,
                    gain,
                    inverse,
                    0,
                    dx.array(),
                    dxAt,
                    dgain.array(),
                    dgain.at(from));
          });
      return hasGain ? new @Nullable Tensor[] {dx, dgain.sum(in[1].shape())} : new Tensor[] {dx};
    }
  }

  /**
   * The gradient of a gain or bias: a partial sum for each block of rows, so that the order of
   * additions is fixed.
   */
  private static final class Partial {
    private final Engine engine;
    private final int blockSize;
    private final int columns;
    private final @Nullable Tensor sums;

    Partial(Engine engine, Tensor x, boolean wanted) {
      this.engine = engine;
      columns = columns(x);
      long work = (long) columns * WORK;
      blockSize = Engine.blockSize(work);
      sums = wanted ? engine.zeros(Shape.of(Engine.blockCount(rows(x), work), columns)) : null;
    }

    float @Nullable [] array() {
      return sums == null ? null : sums.array();
    }

    int at(int row) {
      return sums == null ? 0 : sums.offset() + row / blockSize * columns;
    }

    @Nullable Tensor sum(Shape shape) {
      if (sums == null) {
        return null;
      }
      Tensor result = engine.empty(shape);
      Reduction.sumMiddle(engine, sums, 1, sums.dim(0), columns, result);
      return result;
    }
  }

  private static int checkedColumns(String name, Tensor[] in) {
    int columns = columns(in[0]);
    for (int i = 1; i < in.length; i++) {
      if (in[i].size() != columns) {
        throw new IllegalArgumentException(
            "%s of %s needs a gain or bias [%d], got %s"
                .formatted(name, in[0].shape(), columns, in[i].shape()));
      }
    }
    return columns;
  }

  /** The elements from index 0 on, as the kernels want them. */
  private static float[] vector(Tensor x) {
    return x.offset() == 0 ? x.array() : x.toFloats();
  }
}
