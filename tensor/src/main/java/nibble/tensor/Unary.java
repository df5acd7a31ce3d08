package nibble.tensor;

import org.jspecify.annotations.Nullable;

/** Functions of one number, each beside its derivative. */
enum Unary implements Operator {
  LOG(Saves.INPUTS) {
    @Override
    void forward(int count, float[] x, int xAt, float[] y, int yAt) {
      for (int i = 0; i < count; i++) {
        y[yAt + i] = (float) Math.log(x[xAt + i]);
      }
    }

    // g / x
    @Override
    void backward(int count, float[] x, int xAt, float[] g, int gAt, float[] d, int dAt) {
      for (int i = 0; i < count; i++) {
        d[dAt + i] = g[gAt + i] / x[xAt + i];
      }
    }
  },
  SQRT(Saves.OUTPUT) {
    @Override
    void forward(int count, float[] x, int xAt, float[] y, int yAt) {
      for (int i = 0; i < count; i++) {
        y[yAt + i] = (float) Math.sqrt(x[xAt + i]);
      }
    }

    // g / (2 y)
    @Override
    void backward(int count, float[] y, int yAt, float[] g, int gAt, float[] d, int dAt) {
      for (int i = 0; i < count; i++) {
        d[dAt + i] = 0.5f * g[gAt + i] / y[yAt + i];
      }
    }
  },
  SQUARE(Saves.INPUTS) {
    @Override
    void forward(int count, float[] x, int xAt, float[] y, int yAt) {
      for (int i = 0; i < count; i++) {
        y[yAt + i] = x[xAt + i] * x[xAt + i];
      }
    }

    // 2 g x
    @Override
    void backward(int count, float[] x, int xAt, float[] g, int gAt, float[] d, int dAt) {
      for (int i = 0; i < count; i++) {
        d[dAt + i] = 2 * g[gAt + i] * x[xAt + i];
      }
    }
  },
  ABS(Saves.INPUTS) {
    @Override
    void forward(int count, float[] x, int xAt, float[] y, int yAt) {
      for (int i = 0; i < count; i++) {
        y[yAt + i] = Math.abs(x[xAt + i]);
      }
    }

    // g sign(x)
    @Override
    void backward(int count, float[] x, int xAt, float[] g, int gAt, float[] d, int dAt) {
      for (int i = 0; i < count; i++) {
        d[dAt + i] = g[gAt + i] * Math.signum(x[xAt + i]);
      }
    }
  };

  private final Saves saves;

  Unary(Saves saves) {
    this.saves = saves;
  }

  abstract void forward(int count, float[] x, int xAt, float[] y, int yAt);

  /** {@code saved} is the argument or the result, whichever {@link #saves} names. */
  abstract void backward(
      int count, float[] saved, int savedAt, float[] g, int gAt, float[] d, int dAt);

  @Override
  public Saves saves() {
    return saves;
  }

  @Override
  public Tensor forward(Engine engine, Tensor... in) {
    Tensor x = in[0];
    Tensor out = engine.empty(x.shape());
    engine.blocks(
        (int) out.size(),
        1,
        (from, to, scratch) ->
            forward(to - from, x.array(), x.offset() + from, out.array(), out.offset() + from));
    return out;
  }

  @Override
  public @Nullable Tensor[] backward(
      Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
    Tensor saved = saves.inputs() ? in[0] : out;
    Tensor result = engine.empty(grad.shape());
    engine.blocks(
        (int) grad.size(),
        1,
        (from, to, scratch) ->
            backward(
                to - from,
                saved.array(),
                saved.offset() + from,
                grad.array(),
                grad.offset() + from,
                result.array(),
                result.offset() + from));
    return new Tensor[] {result};
  }
}
