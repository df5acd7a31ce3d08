package nibble.tensor;

import org.jspecify.annotations.Nullable;

/** Rows of the derivative table that normalise along the last axis. */
final class Normalisation {
  private static final int WORK = 8;

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

  /** {@code exp(x) / sum(exp(x))}. */
  record Softmax() implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor out = engine.empty(in[0].shape());
      int n = columns(in[0]);
      float[] x = in[0].array();
      float[] y = out.array();
      int xAt = in[0].offset();
      int yAt = out.offset();
      engine.blocks(
          rows(in[0]), (long) n * WORK,
          (from, to, scratch) -> {
            for (int r = from; r < to; r++) {
              double log = logSumExp(x, xAt + r * n, n);
              for (int i = 0; i < n; i++) {
                y[yAt + r * n + i] = (float) Math.exp(x[xAt + r * n + i] - log);
              }
            }
          });
      return out;
    }

    /** {@code dx = y (g - sum(g y))}. */
    @Override
    public @Nullable Tensor[] backward(Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor result = engine.empty(grad.shape());
      int n = columns(grad);
      float[] y = out.array();
      float[] g = grad.array();
      float[] d = result.array();
      int yAt = out.offset();
      int gAt = grad.offset();
      int dAt = result.offset();
      engine.blocks(
          rows(grad), n,
          (from, to, scratch) -> {
            for (int r = from; r < to; r++) {
              double dot = 0;
              for (int i = r * n; i < (r + 1) * n; i++) {
                dot += (double) g[gAt + i] * y[yAt + i];
              }
              for (int i = r * n; i < (r + 1) * n; i++) {
                d[dAt + i] = (float) (y[yAt + i] * (g[gAt + i] - dot));
              }
            }
          });
      return new Tensor[] {result};
    }

    @Override
    public Saves saves() {
      return Saves.OUTPUT;
    }
  }

  static double logSumExp(float[] x, int at, int n) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      max = Math.max(max, x[at + i]);
    }
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += Math.exp(x[at + i] - max);
    }
    return max + Math.log(sum);
  }

  /** {@code x - log(sum(exp(x)))}. */
  record LogSoftmax() implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      Tensor out = engine.empty(in[0].shape());
      int n = columns(in[0]);
      float[] x = in[0].array();
      float[] y = out.array();
      int xAt = in[0].offset();
      int yAt = out.offset();
      engine.blocks(
          rows(in[0]), (long) n * WORK,
          (from, to, scratch) -> {
            for (int r = from; r < to; r++) {
              double log = logSumExp(x, xAt + r * n, n);
              for (int i = r * n; i < (r + 1) * n; i++) {
                y[yAt + i] = (float) (x[xAt + i] - log);
              }
            }
          });
      return out;
    }

    /** {@code dx = g - exp(y) sum(g)}. */
    @Override
    public @Nullable Tensor[] backward(Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      Tensor result = engine.empty(grad.shape());
      int n = columns(grad);
      float[] y = out.array();
      float[] g = grad.array();
      float[] d = result.array();
      int yAt = out.offset();
      int gAt = grad.offset();
      int dAt = result.offset();
      engine.blocks(
          rows(grad), (long) n * WORK,
          (from, to, scratch) -> {
            for (int r = from; r < to; r++) {
              double sum = 0;
              for (int i = r * n; i < (r + 1) * n; i++) {
                sum += g[gAt + i];
              }
              for (int i = r * n; i < (r + 1) * n; i++) {
                d[dAt + i] = (float) (g[gAt + i] - Math.exp(y[yAt + i]) * sum);
              }
            }
          });
      return new Tensor[] {result};
    }

    @Override
    public Saves saves() {
      return Saves.OUTPUT;
    }
  }

  /** {@code (x - mean) / sqrt(variance + eps) * gain + bias}; inputs x, then gain and bias where present. */
  record LayerNorm(float eps, boolean hasGain, boolean hasBias) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      checkVectors("layerNorm", in);
      Tensor out = engine.empty(in[0].shape());
      int n = columns(in[0]);
      Tensor gain = hasGain ? in[1] : null;
      Tensor bias = hasBias ? in[in.length - 1] : null;
      engine.blocks(
          rows(in[0]), (long) n * WORK,
          (from, to, scratch) -> {
            for (int r = from; r < to; r++) {
              normaliseRow(in[0].array(), in[0].offset() + r * n, n, mean(in[0], r, n), eps, gain, bias, out.array(), out.offset() + r * n);
            }
          });
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      return normBackward(engine, grad, in, true, eps, hasGain, hasBias);
    }
  }

  /** {@code x / sqrt(mean(x^2) + eps) * gain}; inputs x, then gain where present. */
  record RmsNorm(float eps, boolean hasGain) implements Operator {
    @Override
    public Tensor forward(Engine engine, Tensor... in) {
      checkVectors("rmsNorm", in);
      Tensor out = engine.empty(in[0].shape());
      int n = columns(in[0]);
      Tensor gain = hasGain ? in[1] : null;
      engine.blocks(
          rows(in[0]), (long) n * WORK,
          (from, to, scratch) -> {
            for (int r = from; r < to; r++) {
              normaliseRow(in[0].array(), in[0].offset() + r * n, n, 0, eps, gain, null, out.array(), out.offset() + r * n);
            }
          });
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
      return normBackward(engine, grad, in, false, eps, hasGain, false);
    }
  }

  private static void checkVectors(String name, Tensor[] in) {
    for (int i = 1; i < in.length; i++) {
      if (in[i].size() != columns(in[0])) {
        throw new IllegalArgumentException("%s of %s needs a gain or bias [%d], got %s".formatted(name, in[0].shape(), columns(in[0]), in[i].shape()));
      }
    }
  }

  private static double mean(Tensor x, int row, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += x.array()[x.offset() + row * n + i];
    }
    return sum / n;
  }

  private static double inverseDeviation(float[] x, int at, int n, double mean, double eps) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double d = x[at + i] - mean;
      sum += d * d;
    }
    return 1 / Math.sqrt(sum / n + eps);
  }

  private static void normaliseRow(
      float[] x, int at, int n, double mean, double eps, @Nullable Tensor gain, @Nullable Tensor bias, float[] y, int yAt) {
    double inverse = inverseDeviation(x, at, n, mean, eps);
    for (int i = 0; i < n; i++) {
      double value = (x[at + i] - mean) * inverse;
      if (gain != null) {
        value *= gain.array()[gain.offset() + i];
      }
      if (bias != null) {
        value += bias.array()[bias.offset() + i];
      }
      y[yAt + i] = (float) value;
    }
  }

  /**
   * With {@code h} the normalised row and {@code u = g gain}: {@code dx = (u - mean(u) - h mean(u h)) / deviation}, where the middle term
   * belongs to the centring only; {@code dgain = sum of g h}, {@code dbias = sum of g} over the rows.
   */
  private static @Nullable Tensor[] normBackward(
      Engine engine, Tensor grad, Tensor[] in, boolean centred, float eps, boolean hasGain, boolean hasBias) {
    Tensor x = in[0];
    int n = columns(x);
    int rows = rows(x);
    Tensor dx = engine.empty(x.shape());
    Tensor gh = engine.empty(x.shape());
    Tensor gain = hasGain ? in[1] : null;
    engine.blocks(
        rows, (long) n * WORK,
        (from, to, scratch) -> {
          for (int r = from; r < to; r++) {
            double mean = centred ? mean(x, r, n) : 0;
            rowBackward(x.array(), x.offset() + r * n, n, mean, eps, gain, centred, grad.array(), grad.offset() + r * n, dx.array(), dx.offset() + r * n, gh.array(), gh.offset() + r * n);
          }
        });
    @Nullable Tensor[] result = new Tensor[in.length];
    result[0] = dx;
    if (hasGain) {
      result[1] = engine.empty(in[1].shape());
      Reduction.sumMiddle(engine, gh, 1, rows, n, result[1]);
    }
    if (hasBias) {
      Tensor db = engine.empty(in[in.length - 1].shape());
      Reduction.sumMiddle(engine, grad, 1, rows, n, db);
      result[in.length - 1] = db;
    }
    return result;
  }

  private static void rowBackward(
      float[] x, int xAt, int n, double mean, double eps, @Nullable Tensor gain, boolean centred, float[] g, int gAt, float[] dx, int dAt,
      float[] gh, int ghAt) {
    double inverse = inverseDeviation(x, xAt, n, mean, eps);
    double meanU = 0;
    double meanUh = 0;
    for (int i = 0; i < n; i++) {
      double h = (x[xAt + i] - mean) * inverse;
      double u = gain == null ? g[gAt + i] : (double) g[gAt + i] * gain.array()[gain.offset() + i];
      meanU += u / n;
      meanUh += u * h / n;
      gh[ghAt + i] = (float) (g[gAt + i] * h);
    }
    for (int i = 0; i < n; i++) {
      double h = (x[xAt + i] - mean) * inverse;
      double u = gain == null ? g[gAt + i] : (double) g[gAt + i] * gain.array()[gain.offset() + i];
      dx[dAt + i] = (float) (inverse * (u - (centred ? meanU : 0) - h * meanUh));
    }
  }
}
