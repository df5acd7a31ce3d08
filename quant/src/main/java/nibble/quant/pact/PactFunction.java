package nibble.quant.pact;

import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * PACT: fake quantization between two learned bounds. Choi and others: <a
 * href="https://arxiv.org/abs/1805.06085">arXiv:1805.06085</a>, section 3; the lower bound as
 * frameworks have it.
 *
 * <pre>{@code
 * s = (alpha - n) / (2^b - 1)     z = rint(-n / s)     y = s (clamp(rint(x / s) + z, 0, 2^b - 1) - z)
 * dx = dy [n < x < alpha]         dalpha = sum of dy where x >= alpha         dn = sum of dy where x <= n
 * }</pre>
 *
 * <p>Only clipped elements move a bound; the error of rounding is left out, unlike LSQ. With {@code
 * signed} false n is 0 and stays so.
 *
 * @param bits of a code
 * @param signed whether there is a lower bound
 */
public record PactFunction(int bits, boolean signed) implements DifferentiableFunction {
  public PactFunction {
    if (bits < 2 || bits > 8) {
      throw new IllegalArgumentException("bit width must be from 2 to 8, was " + bits);
    }
  }

  /** Distance of neighbouring values. */
  float scale(float lower, float upper) {
    return (upper - lower) / ((1 << bits) - 1);
  }

  /** Code of 0. */
  int zeroPoint(float lower, float upper) {
    return signed
        ? (int) Math.clamp(Math.rint(-lower / scale(lower, upper)), 0, (1 << bits) - 1)
        : 0;
  }

  /** {@code in}: x, alpha of rank 0, n of rank 0. */
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor x = in[0];
    float upper = in[1].item();
    float lower = signed ? in[2].item() : 0;
    float s = scale(lower, upper);
    int z = zeroPoint(lower, upper);
    float most = (1 << bits) - 1 - z;
    Tensor out = ops.empty(x.shape().dims());
    for (int i = 0; i < x.size(); i++) {
      out.array()[out.offset() + i] =
          s * (float) Math.max(-z, Math.min(most, Math.rint(x.array()[x.offset() + i] / s)));
    }
    return out;
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    Tensor x = in[0];
    float upper = in[1].item();
    float lower = signed ? in[2].item() : 0;
    Tensor gradX = ops.empty(x.shape().dims());
    double above = 0;
    double below = 0;
    for (int i = 0; i < x.size(); i++) {
      float value = x.array()[x.offset() + i];
      float g = gradOut.array()[gradOut.offset() + i];
      boolean inside = value > lower && value < upper;
      gradX.array()[gradX.offset() + i] = inside ? g : 0;
      above += value >= upper ? g : 0;
      below += value <= lower ? g : 0;
    }
    return new Tensor[] {
      gradX, Tensor.scalar((float) above), signed ? Tensor.scalar((float) below) : null
    };
  }
}
