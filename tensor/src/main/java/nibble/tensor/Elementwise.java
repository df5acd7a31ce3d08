package nibble.tensor;

import org.jspecify.annotations.Nullable;

/** Rows of the derivative table that work element by element. */
final class Elementwise {
  private Elementwise() {}

  /** {@code s x}. */
  record Scale(float s) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      return scaled(engine, in[0], s);
    }

    @Override
    public @Nullable Tensor[] backward(Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      return new Tensor[] {scaled(engine, grad, s)};
    }

    @Override
    public Saves saves() {
      return Saves.SHAPES;
    }
  }

  static Tensor scaled(Engine engine, Tensor a, float s) {
    Tensor out = engine.empty(a.shape());
    float[] x = a.array();
    float[] y = out.array();
    int xAt = a.offset();
    int yAt = out.offset();
    engine.blocks(
        (int) a.size(), 1,
        (from, to, scratch) -> {
          for (int i = from; i < to; i++) {
            y[yAt + i] = s * x[xAt + i];
          }
        });
    return out;
  }

  /** {@code min(max(x, low), high)}; the gradient passes where {@code low <= x <= high}. */
  record Clamp(float low, float high) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor out = engine.empty(in[0].shape());
      float[] x = in[0].array();
      float[] y = out.array();
      int xAt = in[0].offset();
      int yAt = out.offset();
      engine.blocks(
          (int) out.size(), 1,
          (from, to, scratch) -> {
            for (int i = from; i < to; i++) {
              y[yAt + i] = Math.min(Math.max(x[xAt + i], low), high);
            }
          });
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor result = engine.empty(grad.shape());
      float[] x = in[0].array();
      float[] g = grad.array();
      float[] d = result.array();
      int xAt = in[0].offset();
      int gAt = grad.offset();
      int dAt = result.offset();
      engine.blocks(
          (int) grad.size(), 1,
          (from, to, scratch) -> {
            for (int i = from; i < to; i++) {
              d[dAt + i] = x[xAt + i] >= low && x[xAt + i] <= high ? g[gAt + i] : 0;
            }
          });
      return new Tensor[] {result};
    }
  }

  /** {@code a o b} with broadcasting. */
  enum Binary implements Operator {
    ADD(Saves.SHAPES) {
      @Override
      float value(float a, float b) {
        return a + b;
      }

      @Override
      Tensor gradOfA(Engine engine, Tensor grad, Tensor[] in) {
        return grad;
      }

      @Override
      Tensor gradOfB(Engine engine, Tensor grad, Tensor[] in) {
        return grad;
      }
    },
    SUB(Saves.SHAPES) {
      @Override
      float value(float a, float b) {
        return a - b;
      }

      @Override
      Tensor gradOfA(Engine engine, Tensor grad, Tensor[] in) {
        return grad;
      }

      @Override
      Tensor gradOfB(Engine engine, Tensor grad, Tensor[] in) {
        return scaled(engine, grad, -1);
      }
    },
    MUL(Saves.INPUTS) {
      @Override
      float value(float a, float b) {
        return a * b;
      }

      @Override
      Tensor gradOfA(Engine engine, Tensor grad, Tensor[] in) {
        return MUL.forward(engine, grad, in[1]);
      }

      @Override
      Tensor gradOfB(Engine engine, Tensor grad, Tensor[] in) {
        return MUL.forward(engine, grad, in[0]);
      }
    },
    DIV(Saves.INPUTS) {
      @Override
      float value(float a, float b) {
        return a / b;
      }

      @Override
      Tensor gradOfA(Engine engine, Tensor grad, Tensor[] in) {
        return DIV.forward(engine, grad, in[1]);
      }

      /** {@code d(a/b)/db = -(a/b)/b}. */
      @Override
      Tensor gradOfB(Engine engine, Tensor grad, Tensor[] in) {
        Tensor slope = DIV.forward(engine, DIV.forward(engine, in[0], in[1]), in[1]);
        return scaled(engine, MUL.forward(engine, grad, slope), -1);
      }
    };

    private final Saves saves;

    Binary(Saves saves) {
      this.saves = saves;
    }

    abstract float value(float a, float b);

    /** Gradient of {@code a} in the shape of the result; {@link #backward} sums it over repeated axes. */
    abstract Tensor gradOfA(Engine engine, Tensor grad, Tensor[] in);

    abstract Tensor gradOfB(Engine engine, Tensor grad, Tensor[] in);

    @Override
    public Saves saves() {
      return saves;
    }

    @Override
    public @Nullable Tensor[] backward(Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      return new @Nullable Tensor[] {
        wanted[0] ? Reduction.sumTo(engine, gradOfA(engine, grad, in), in[0].shape()) : null,
        wanted[1] ? Reduction.sumTo(engine, gradOfB(engine, grad, in), in[1].shape()) : null
      };
    }

    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor out = engine.empty(Broadcast.shape(in[0].shape(), in[1].shape()));
      Broadcast plan = Broadcast.of(in[0].shape(), in[1].shape(), out.shape());
      if (plan.dims().length == 1) {
        engine.blocks(plan.inner(), 1, (from, to, scratch) -> part(plan, in, out, 0, from, to));
      } else {
        engine.blocks(
            plan.outer(), plan.inner(),
            (from, to, scratch) -> {
              for (int row = from; row < to; row++) {
                part(plan, in, out, row, 0, plan.inner());
              }
            });
      }
      return out;
    }

    private void part(Broadcast plan, Tensor[] in, Tensor out, int row, int from, int to) {
      float[] a = in[0].array();
      float[] b = in[1].array();
      float[] c = out.array();
      int aStep = plan.aInner();
      int bStep = plan.bInner();
      int aAt = in[0].offset() + plan.rowStart(row, plan.a());
      int bAt = in[1].offset() + plan.rowStart(row, plan.b());
      int cAt = out.offset() + row * plan.inner();
      for (int i = from; i < to; i++) {
        c[cAt + i] = value(a[aAt + i * aStep], b[bAt + i * bStep]);
      }
    }
  }
}
