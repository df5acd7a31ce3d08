package nibble.quant.lsq;

import java.util.Arrays;
import nibble.nn.site.ScaleLayout;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * LSQ+: LSQ with a learned offset beta. Bhalgat and others: <a
 * href="https://arxiv.org/abs/2004.09576">arXiv:2004.09576</a>, section 3.1.
 *
 * <pre>{@code
 * t = (x - beta) / s     q = rint(clamp(t, n, p))     y = q s + beta
 * dL/dx    = dL/dy [n <= t <= p]
 * dL/ds    = g sum(dL/dy (n | p | q - t))
 * dL/dbeta = g sum(dL/dy [t outside])
 * }</pre>
 *
 * <p>beta has the shape of s. The integers need {@code beta sum(W)} in the bias of what follows,
 * which is exact.
 *
 * @param scale codes, and how the gradients of s and beta are scaled
 */
public record LsqPlusFunction(LsqFunction scale) implements DifferentiableFunction {

  /** Adding and subtracting it rounds any {@code |t| < 2^22} half to even. */
  private static final float ROUND = 0x1.8p23f;

  /** {@code in}: x, s, beta. */
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor x = in[0];
    Tensor s = in[1];
    Tensor beta = in[2];
    ScaleLayout layout = ScaleLayout.of(x.shape(), s.shape());
    Tensor out = ops.empty(x.shape().dims());
    int width = layout.width();
    layout.run(
        ops.splitter(),
        (block, from, to) -> {
          float[] steps = new float[width];
          float[] shifts = new float[width];
          for (int row = from; row < to; row++) {
            spread(s, layout, row, steps);
            spread(beta, layout, row, shifts);
            row(
                x.array(),
                x.offset() + row * width,
                steps,
                shifts,
                out.array(),
                out.offset() + row * width,
                width);
          }
        });
    return out;
  }

  /** One number for each element of a row. */
  private static void spread(Tensor values, ScaleLayout layout, int row, float[] out) {
    int start = values.offset() + layout.start(row);
    if (layout.step() == 0) {
      Arrays.fill(out, values.array()[start]);
    } else {
      System.arraycopy(values.array(), start, out, 0, out.length);
    }
  }

  private void row(float[] x, int at, float[] s, float[] beta, float[] y, int to, int width) {
    float low = scale.min();
    float high = scale.max();
    for (int i = 0; i < width; i++) {
      float clamped = Math.max(low, Math.min(high, (x[at + i] - beta[i]) / s[i]));
      y[to + i] = (clamped + ROUND - ROUND) * s[i] + beta[i];
    }
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    Tensor x = in[0];
    Tensor s = in[1];
    Tensor beta = in[2];
    ScaleLayout layout = ScaleLayout.of(x.shape(), s.shape());
    Tensor gradX = ops.empty(x.shape().dims());
    double[][] partial = new double[layout.blocks()][];
    int count = layout.scales();
    int width = layout.width();
    layout.run(
        ops.splitter(),
        (block, from, to) -> {
          double[] sums = new double[2 * count];
          float[] steps = new float[width];
          float[] shifts = new float[width];
          float[] ofScale = new float[width];
          float[] ofBeta = new float[width];
          for (int row = from; row < to; row++) {
            spread(s, layout, row, steps);
            spread(beta, layout, row, shifts);
            terms(
                x.array(),
                x.offset() + row * width,
                steps,
                shifts,
                gradOut.array(),
                gradOut.offset() + row * width,
                gradX.array(),
                gradX.offset() + row * width,
                ofScale,
                ofBeta);
            for (int i = 0; i < width; i++) {
              int index = layout.start(row) + i * layout.step();
              sums[index] += ofScale[i];
              sums[count + index] += ofBeta[i];
            }
          }
          partial[block] = sums;
        });
    float[] gradS = new float[count];
    float[] gradBeta = new float[count];
    double g = scale.gradientScale(layout);
    for (int i = 0; i < count; i++) {
      double sumOfScale = 0;
      double sumOfBeta = 0;
      for (double[] block : partial) {
        sumOfScale += block[i];
        sumOfBeta += block[count + i];
      }
      gradS[i] = (float) (g * sumOfScale);
      gradBeta[i] = (float) (g * sumOfBeta);
    }
    return new Tensor[] {
      gradX, Tensor.of(gradS, s.shape().dims()), Tensor.of(gradBeta, beta.shape().dims())
    };
  }

  private void terms(
      float[] x,
      int at,
      float[] s,
      float[] beta,
      float[] grad,
      int gradAt,
      float[] gradX,
      int to,
      float[] ofScale,
      float[] ofBeta) {
    float low = scale.min();
    float high = scale.max();
    for (int i = 0; i < s.length; i++) {
      float t = (x[at + i] - beta[i]) / s[i];
      float clamped = Math.max(low, Math.min(high, t));
      float q = clamped + ROUND - ROUND;
      boolean inside = clamped == t;
      float g = grad[gradAt + i];
      gradX[to + i] = inside ? g : 0;
      ofScale[i] = g * (inside ? q - t : q);
      ofBeta[i] = inside ? 0 : g;
    }
  }
}
