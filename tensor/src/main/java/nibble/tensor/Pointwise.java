package nibble.tensor;

import nibble.kernels.rowwise.Activation;
import nibble.kernels.rowwise.Activations;
import nibble.kernels.rowwise.Elementwise;
import org.jspecify.annotations.Nullable;

/** Rows of the derivative table that work element by element on one tensor. */
final class Pointwise {
  private static final int ACTIVATION_WORK = 4;

  private Pointwise() {}

  /** {@code f(x)} of an activation function; the kernel holds the function and its derivative. */
  record Activate(Activation function) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor x = in[0];
      Tensor out = engine.empty(x.shape());
      engine.blocks(
          (int) out.size(),
          ACTIVATION_WORK,
          (from, to, scratch) ->
              Activations.best()
                  .forward(
                      function,
                      to - from,
                      x.array(),
                      x.offset() + from,
                      out.array(),
                      out.offset() + from));
      return out;
    }

    /** {@code g f'(x)}. */
    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor x = in[0];
      Tensor result = engine.empty(grad.shape());
      engine.blocks(
          (int) grad.size(),
          ACTIVATION_WORK,
          (from, to, scratch) ->
              Activations.best()
                  .backward(
                      function,
                      to - from,
                      x.array(),
                      x.offset() + from,
                      grad.array(),
                      grad.offset() + from,
                      result.array(),
                      result.offset() + from));
      return new Tensor[] {result};
    }
  }

  /** {@code s x}. */
  record Scale(float s) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      return scaled(engine, in[0], s);
    }

    /** {@code s g}. */
    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      return new Tensor[] {scaled(engine, grad, s)};
    }

    @Override
    public Saves saves() {
      return Saves.SHAPES;
    }
  }

  static Tensor scaled(Engine engine, Tensor x, float s) {
    Tensor out = engine.empty(x.shape());
    engine.blocks(
        (int) x.size(),
        1,
        (from, to, scratch) ->
            Elementwise.best()
                .scale(
                    to - from, s, x.array(), x.offset() + from, out.array(), out.offset() + from));
    return out;
  }

  /** {@code min(max(x, low), high)}. */
  record Clamp(float low, float high) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor out = engine.empty(in[0].shape());
      float[] x = in[0].array();
      float[] y = out.array();
      int xAt = in[0].offset();
      int yAt = out.offset();
      engine.blocks(
          (int) out.size(),
          1,
          (from, to, scratch) -> {
            for (int i = from; i < to; i++) {
              y[yAt + i] = Math.min(Math.max(x[xAt + i], low), high);
            }
          });
      return out;
    }

    /** {@code g} where {@code low <= x <= high}, otherwise 0. */
    @Override
    public @Nullable Tensor[] backward(
        Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor result = engine.empty(grad.shape());
      float[] x = in[0].array();
      float[] g = grad.array();
      float[] d = result.array();
      int xAt = in[0].offset();
      int gAt = grad.offset();
      int dAt = result.offset();
      engine.blocks(
          (int) grad.size(),
          1,
          (from, to, scratch) -> {
            for (int i = from; i < to; i++) {
              d[dAt + i] = x[xAt + i] >= low && x[xAt + i] <= high ? g[gAt + i] : 0;
            }
          });
      return new Tensor[] {result};
    }
  }
}
