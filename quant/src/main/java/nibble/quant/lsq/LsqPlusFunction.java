package nibble.quant.lsq;

import nibble.nn.site.ScaleLayout;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * LSQ+: LSQ with a learned offset beta. Bhalgat and others: <a href="https://arxiv.org/abs/2004.09576">arXiv:2004.09576</a>, section 3.1.
 *
 * <pre>{@code
 * t = (x - beta) / s     q = rint(clamp(t, n, p))     y = q s + beta
 * dL/dx    = dL/dy [n <= t <= p]
 * dL/ds    = g sum(dL/dy (n | p | q - t))
 * dL/dbeta = g sum(dL/dy [t outside])
 * }</pre>
 *
 * <p>beta has the shape of s. The integers need {@code beta sum(W)} in the bias of what follows, which is exact.
 *
 * @param scale codes, and how the gradients of s and beta are scaled
 */
public record LsqPlusFunction(LsqFunction scale) implements DifferentiableFunction {

  /** {@code in}: x, s, beta. */
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor x = in[0];
    Tensor s = in[1];
    Tensor beta = in[2];
    ScaleLayout layout = ScaleLayout.of(x.shape(), s.shape());
    Tensor out = ops.empty(x.shape().dims());
    int width = layout.width();
    layout.run(ops.splitter(), (block, from, to) -> {
      for (int row = from; row < to; row++) {
        for (int i = 0; i < width; i++) {
          int index = layout.start(row) + i * layout.step();
          float b = beta.array()[beta.offset() + index];
          float step = s.array()[s.offset() + index];
          float t = (x.array()[x.offset() + row * width + i] - b) / step;
          float q = (float) Math.rint(Math.max(scale.min(), Math.min(scale.max(), t)));
          out.array()[out.offset() + row * width + i] = q * step + b;
        }
      }
    });
    return out;
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
    layout.run(ops.splitter(), (block, from, to) -> {
      double[] sums = new double[2 * count];
      for (int row = from; row < to; row++) {
        for (int i = 0; i < width; i++) {
          int index = layout.start(row) + i * layout.step();
          float t = (x.array()[x.offset() + row * width + i] - beta.array()[beta.offset() + index]) / s.array()[s.offset() + index];
          float clamped = Math.max(scale.min(), Math.min(scale.max(), t));
          float q = (float) Math.rint(clamped);
          boolean inside = clamped == t;
          float grad = gradOut.array()[gradOut.offset() + row * width + i];
          gradX.array()[gradX.offset() + row * width + i] = inside ? grad : 0;
          sums[index] += grad * (double) (inside ? q - t : q);
          sums[count + index] += inside ? 0 : grad;
        }
      }
      partial[block] = sums;
    });
    float[] gradS = new float[count];
    float[] gradBeta = new float[count];
    double g = scale.gradientScale(layout);
    for (int i = 0; i < count; i++) {
      double ofScale = 0;
      double ofBeta = 0;
      for (double[] block : partial) {
        ofScale += block[i];
        ofBeta += block[count + i];
      }
      gradS[i] = (float) (g * ofScale);
      gradBeta[i] = (float) (g * ofBeta);
    }
    return new Tensor[] {gradX, Tensor.of(gradS, s.shape().dims()), Tensor.of(gradBeta, beta.shape().dims())};
  }
}
