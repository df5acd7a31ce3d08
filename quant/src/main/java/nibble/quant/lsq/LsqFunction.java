package nibble.quant.lsq;

import nibble.nn.site.ScaleLayout;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * LSQ: fake quantization of {@code x} with a scale {@code s} that learns. Esser and others: <a
 * href="https://arxiv.org/abs/1902.08153">arXiv:1902.08153</a>, equations 1 to 5.
 *
 * <pre>{@code
 * t = x / s     q = rint(clamp(t, n, p))     y = q s
 * dL/dx = dL/dy [n <= t <= p]
 * dL/ds = g sum(dL/dy (n if t < n, p if t > p, else q - t))          g = 1 / sqrt(N p)
 * }</pre>
 *
 * <p>N is the number of elements that share a scale, or of the whole tensor ({@code wholeTensor},
 * as some codes have it). Scales spread as {@link ScaleLayout} says. Clamps, then rounds half to
 * even. Sums are added in double, in blocks that do not depend on the number of threads.
 *
 * @param min smallest code n
 * @param max largest code p, positive
 * @param wholeTensor whether N counts all elements
 */
public record LsqFunction(int min, int max, boolean wholeTensor) implements DifferentiableFunction {
  /** Adding and subtracting it rounds any {@code |t| < 2^22} half to even. */
  private static final float ROUND = 0x1.8p23f;

  public LsqFunction {
    if (min > 0 || max < 1 || max > 255 || min < -128) {
      throw new IllegalArgumentException(
          "codes of LSQ must hold 0 and lie in -128 .. 255, were %d .. %d".formatted(min, max));
    }
  }

  /** Signed codes of {@code bits} bits. */
  public static LsqFunction signed(int bits) {
    return new LsqFunction(-(1 << (bits - 1)), (1 << (bits - 1)) - 1, false);
  }

  /** Unsigned codes of {@code bits} bits. */
  public static LsqFunction unsigned(int bits) {
    return new LsqFunction(0, (1 << bits) - 1, false);
  }

  /** The factor g of the scale's gradient, for scales of a layout. */
  double gradientScale(ScaleLayout layout) {
    double elements =
        wholeTensor ? (double) layout.rows() * layout.width() : layout.elementsPerScale();
    return 1 / Math.sqrt(elements * max);
  }

  /** {@code in}: x, s. */
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor x = in[0];
    Tensor s = in[1];
    ScaleLayout layout = ScaleLayout.of(x.shape(), s.shape());
    Tensor out = ops.empty(x.shape().dims());
    int width = layout.width();
    layout.run(
        ops.splitter(),
        (block, from, to) -> {
          for (int row = from; row < to; row++) {
            int at = x.offset() + row * width;
            int to0 = out.offset() + row * width;
            int scale = s.offset() + layout.start(row);
            if (layout.step() == 0) {
              shared(x.array(), at, out.array(), to0, width, s.array()[scale], min, max);
            } else {
              single(x.array(), at, out.array(), to0, width, s.array(), scale, min, max);
            }
          }
        });
    return out;
  }

  private static void shared(
      float[] x, int in, float[] y, int at, int width, float s, float low, float high) {
    for (int i = 0; i < width; i++) {
      y[at + i] = (Math.max(low, Math.min(high, x[in + i] / s)) + ROUND - ROUND) * s;
    }
  }

  private static void single(
      float[] x,
      int in,
      float[] y,
      int at,
      int width,
      float[] s,
      int start,
      float low,
      float high) {
    for (int i = 0; i < width; i++) {
      y[at + i] =
          (Math.max(low, Math.min(high, x[in + i] / s[start + i])) + ROUND - ROUND) * s[start + i];
    }
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    Tensor x = in[0];
    Tensor s = in[1];
    ScaleLayout layout = ScaleLayout.of(x.shape(), s.shape());
    Tensor gradX = ops.empty(x.shape().dims());
    double[][] partial = new double[layout.blocks()][];
    int width = layout.width();
    layout.run(
        ops.splitter(),
        (block, from, to) -> {
          double[] sums = new double[layout.scales()];
          float[] terms = new float[width];
          for (int row = from; row < to; row++) {
            int at = row * width;
            int start = layout.start(row);
            terms(
                x.array(),
                x.offset() + at,
                s.array(),
                s.offset() + start,
                layout.step(),
                gradOut.array(),
                gradOut.offset() + at,
                gradX.array(),
                gradX.offset() + at,
                terms,
                width);
            for (int i = 0; i < width; i++) {
              sums[start + i * layout.step()] += terms[i];
            }
          }
          partial[block] = sums;
        });
    float[] gradS = new float[layout.scales()];
    double g = gradientScale(layout);
    for (int i = 0; i < gradS.length; i++) {
      double sum = 0;
      for (double[] block : partial) {
        sum += block[i];
      }
      gradS[i] = (float) (g * sum);
    }
    return new Tensor[] {gradX, Tensor.of(gradS, s.shape().dims())};
  }

  private void terms(
      float[] x,
      int xAt,
      float[] s,
      int sAt,
      int step,
      float[] grad,
      int gAt,
      float[] gradX,
      int at,
      float[] terms,
      int width) {
    for (int i = 0; i < width; i++) {
      float t = x[xAt + i] / s[sAt + i * step];
      float clamped = Math.max(min, Math.min(max, t));
      float q = clamped + ROUND - ROUND;
      boolean inside = clamped == t;
      gradX[at + i] = inside ? grad[gAt + i] : 0;
      terms[i] = grad[gAt + i] * (inside ? q - t : q);
    }
  }
}
