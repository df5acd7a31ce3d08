package nibble.quant.omniquant;

import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.Granularity;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.Symmetry;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Fake quantization of a weight {@code [out, in]} on grids whose ranges are shares of its own:
 *
 * <pre>{@code
 * hi = sigma(u) max(W, 0)     lo = sigma(l) min(W, 0)       for each row or group
 * asymmetric: s = (hi - lo) / (2^b - 1)    z = rint(-lo / s)
 * symmetric:  s = max(hi, -lo) / p         z = 0
 * }</pre>
 *
 * <p>OmniQuant's learnable weight clipping (arXiv:2308.13137, equation 2). Inputs: W, u, l, the
 * logits {@code [groups]}. Gradients pass rounding straight through, and the ranges to the extreme
 * weights.
 */
record ClipFunction(IntFormat format, Granularity granularity) implements DifferentiableFunction {

  /** The grids of a weight. */
  QuantParams params(float[] w, int rows, int columns, float[] u, float[] l) {
    int count = granularity.scaleCount(rows, columns);
    float[] scales = new float[count];
    byte[] zeroPoints = new byte[count];
    for (int group = 0; group < count; group++) {
      Extremes extremes = extremes(w, rows, columns, group);
      Grid grid =
          Grid.covering(
              format,
              (float) (sigmoid(l[group]) * extremes.low),
              (float) (sigmoid(u[group]) * extremes.high));
      scales[group] = grid.scale();
      zeroPoints[group] = (byte) grid.zeroPoint();
    }
    return new QuantParams(format, granularity, rows, columns, scales, zeroPoints);
  }

  static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** Range of a group, 0 included, and where its ends are; -1 for an end that is 0. */
  private record Extremes(float low, int lowAt, float high, int highAt) {}

  private Extremes extremes(float[] w, int rows, int columns, int group) {
    float low = 0;
    float high = 0;
    int lowAt = -1;
    int highAt = -1;
    int from = first(columns, group);
    for (int i = from; i < from + length(rows, columns, group); i++) {
      if (w[i] < low) {
        low = w[i];
        lowAt = i;
      }
      if (w[i] > high) {
        high = w[i];
        highAt = i;
      }
    }
    return new Extremes(low, lowAt, high, highAt);
  }

  private int first(int columns, int group) {
    if (granularity instanceof Granularity.PerTensor) {
      return 0;
    }
    int perRow = granularity.groupsPerRow(columns);
    return group / perRow * columns + group % perRow * granularity.groupSize(columns);
  }

  private int length(int rows, int columns, int group) {
    if (granularity instanceof Granularity.PerTensor) {
      return rows * columns;
    }
    int perRow = granularity.groupsPerRow(columns);
    int size = granularity.groupSize(columns);
    return Math.min(size, columns - group % perRow * size);
  }

  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor w = in[0];
    Tensor out = ops.empty(w.shape().dims());
    params(w.toFloats(), w.dim(0), w.dim(1), in[1].toFloats(), in[2].toFloats())
        .fakeQuantize(w.array(), w.offset(), out.array(), out.offset());
    return out;
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    int rows = in[0].dim(0);
    int columns = in[0].dim(1);
    float[] w = in[0].toFloats();
    float[] u = in[1].toFloats();
    float[] l = in[2].toFloats();
    float[] g = gradOut.toFloats();
    QuantParams params = params(w, rows, columns, u, l);
    float[] gradW = new float[w.length];
    float[] gradU = new float[u.length];
    float[] gradL = new float[l.length];
    WorkSplitter splitter = ops.splitter();
    splitter.run(
        u.length,
        (group, scratch) -> {
          Extremes extremes = extremes(w, rows, columns, group);
          double[] ends =
              ends(
                  w,
                  g,
                  gradW,
                  first(columns, group),
                  length(rows, columns, group),
                  params.grid(group),
                  sigmoid(l[group]) * extremes.low);
          double toLow = ends[0];
          double toHigh = ends[1];
          if (format.symmetry() != Symmetry.ASYMMETRIC) {
            boolean highCounts =
                sigmoid(u[group]) * extremes.high >= -sigmoid(l[group]) * extremes.low;
            double toLargest = toHigh;
            toHigh = highCounts ? toLargest : 0;
            toLow = highCounts ? 0 : -toLargest;
          }
          double up = sigmoid(u[group]);
          double down = sigmoid(l[group]);
          gradU[group] = (float) (toHigh * extremes.high * up * (1 - up));
          gradL[group] = (float) (toLow * extremes.low * down * (1 - down));
          if (extremes.highAt >= 0) {
            gradW[extremes.highAt] += (float) (toHigh * up);
          }
          if (extremes.lowAt >= 0) {
            gradW[extremes.lowAt] += (float) (toLow * down);
          }
        });
    return new Tensor[] {
      Tensor.of(gradW, rows, columns),
      Tensor.of(gradU, in[1].shape().dims()),
      Tensor.of(gradL, in[2].shape().dims())
    };
  }

  /**
   * Gradients in the ends of a group's range: {@code lo, hi} of an asymmetric grid; of a symmetric
   * one, the second is in its largest absolute value. Those in the weights go to {@code gradW}.
   */
  private double[] ends(
      float[] w, float[] g, float[] gradW, int from, int length, Grid grid, double lo) {
    double toScale = 0;
    double toLow = 0;
    int min = format.minCode();
    int max = format.maxCode();
    double s = grid.scale();
    for (int i = from; i < from + length; i++) {
      double t = w[i] / s;
      double code = Math.rint(t) + grid.zeroPoint();
      if (code >= min && code <= max) {
        gradW[i] = g[i];
        toScale += g[i] * (Math.rint(t) - t);
      } else {
        double level = (code < min ? min : max) - grid.zeroPoint();
        boolean moves = format.isAsymmetric(); // the zero point moves too: d(-s z) = d lo
        toScale += g[i] * (moves ? level - lo / s : level);
        toLow += moves ? g[i] : 0;
      }
    }
    double steps =
        switch (format.symmetry()) {
          case SYMMETRIC -> format.maxCode();
          case SYMMETRIC_OFFSET -> ((1 << format.bits()) - 1) / 2.0;
          case ASYMMETRIC -> (1 << format.bits()) - 1;
        };
    return new double[] {toLow - toScale / steps, toScale / steps};
  }
}
