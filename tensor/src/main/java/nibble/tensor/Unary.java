package nibble.tensor;

import org.jspecify.annotations.Nullable;

/** Functions of one number, each beside its derivative, which may use the argument {@code x} or the result {@code y}. */
enum Unary implements Operator {
  NEG(Saves.SHAPES) {
    @Override
    double value(double x) {
      return -x;
    }

    @Override
    double slope(double x, double y) {
      return -1;
    }
  },
  EXP(Saves.OUTPUT) {
    @Override
    double value(double x) {
      return Math.exp(x);
    }

    @Override
    double slope(double x, double y) {
      return y;
    }
  },
  LOG(Saves.INPUTS) {
    @Override
    double value(double x) {
      return Math.log(x);
    }

    @Override
    double slope(double x, double y) {
      return 1 / x;
    }
  },
  SQRT(Saves.OUTPUT) {
    @Override
    double value(double x) {
      return Math.sqrt(x);
    }

    @Override
    double slope(double x, double y) {
      return 0.5 / y;
    }
  },
  SQUARE(Saves.INPUTS) {
    @Override
    double value(double x) {
      return x * x;
    }

    @Override
    double slope(double x, double y) {
      return 2 * x;
    }
  },
  ABS(Saves.INPUTS) {
    @Override
    double value(double x) {
      return Math.abs(x);
    }

    @Override
    double slope(double x, double y) {
      return Math.signum(x);
    }
  },
  TANH(Saves.OUTPUT) {
    @Override
    double value(double x) {
      return Math.tanh(x);
    }

    @Override
    double slope(double x, double y) {
      return 1 - y * y;
    }
  },
  SIGMOID(Saves.OUTPUT) {
    @Override
    double value(double x) {
      return 1 / (1 + Math.exp(-x));
    }

    @Override
    double slope(double x, double y) {
      return y * (1 - y);
    }
  },
  RELU(Saves.OUTPUT) {
    @Override
    double value(double x) {
      return Math.max(x, 0);
    }

    @Override
    double slope(double x, double y) {
      return y > 0 ? 1 : 0;
    }
  },
  /** {@code x Phi(x)} with the exact normal distribution. */
  GELU(Saves.INPUTS) {
    @Override
    double value(double x) {
      return x * 0.5 * (1 + Erf.erf(x * Math.sqrt(0.5)));
    }

    @Override
    double slope(double x, double y) {
      return 0.5 * (1 + Erf.erf(x * Math.sqrt(0.5))) + x * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    }
  },
  /** The tanh approximation of GELU. */
  GELU_TANH(Saves.INPUTS) {
    @Override
    double value(double x) {
      return 0.5 * x * (1 + Math.tanh(inner(x)));
    }

    @Override
    double slope(double x, double y) {
      double t = Math.tanh(inner(x));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
    }

    private static double inner(double x) {
      return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    }
  },
  /** {@code x sigmoid(x)}. */
  SILU(Saves.INPUTS) {
    @Override
    double value(double x) {
      return x / (1 + Math.exp(-x));
    }

    @Override
    double slope(double x, double y) {
      double s = 1 / (1 + Math.exp(-x));
      return s * (1 + x * (1 - s));
    }
  };

  private static final int WORK = 16;

  private final Saves saves;

  Unary(Saves saves) {
    this.saves = saves;
  }

  abstract double value(double x);

  abstract double slope(double x, double y);

  @Override
  public Saves saves() {
    return saves;
  }

  @Override
  public Tensor forward(Engine engine, Tensor... in) {
    Tensor out = engine.empty(in[0].shape());
    float[] x = in[0].array();
    float[] y = out.array();
    int xAt = in[0].offset();
    int yAt = out.offset();
    engine.blocks(
        (int) out.size(), WORK,
        (from, to, scratch) -> {
          for (int i = from; i < to; i++) {
            y[yAt + i] = (float) value(x[xAt + i]);
          }
        });
    return out;
  }

  @Override
  public @Nullable Tensor[] backward(Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
    Tensor result = engine.empty(grad.shape());
    Tensor xs = saves.inputs() ? in[0] : grad; // what was not saved is not read by the slope
    Tensor ys = saves.output() ? out : grad;
    float[] x = xs.array();
    float[] y = ys.array();
    float[] g = grad.array();
    float[] d = result.array();
    int xAt = xs.offset();
    int yAt = ys.offset();
    int gAt = grad.offset();
    int dAt = result.offset();
    engine.blocks(
        (int) grad.size(), WORK,
        (from, to, scratch) -> {
          for (int i = from; i < to; i++) {
            d[dAt + i] = (float) (g[gAt + i] * slope(x[xAt + i], y[yAt + i]));
          }
        });
    return new Tensor[] {result};
  }
}
