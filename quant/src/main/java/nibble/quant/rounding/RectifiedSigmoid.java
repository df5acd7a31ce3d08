package nibble.quant.rounding;

import java.util.function.DoubleUnaryOperator;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * AdaRound's share of rounding up, from a variable without bounds:
 *
 * <pre>{@code
 * h(V) = clamp(sigmoid(V) (zeta - gamma) + gamma, 0, 1)      gamma = -0.1, zeta = 1.1
 * }</pre>
 *
 * <p>Nagel, Amjad, van Baalen, Louizos, Blankevoort: <a
 * href="https://arxiv.org/abs/2004.10568">arXiv:2004.10568</a>, equation 23. As an operator its
 * only input is V.
 */
public final class RectifiedSigmoid implements DifferentiableFunction {
  private static final double GAMMA = -0.1;
  private static final double SPAN = 1.2;

  /** The operator, which has no state. */
  public RectifiedSigmoid() {}

  /** {@code h(v)}. */
  public static double h(double v) {
    return Math.max(0, Math.min(1, SPAN / (1 + Math.exp(-v)) + GAMMA));
  }

  /** The derivative of h; 0 where it is clamped. */
  public static double slope(double v) {
    double sigmoid = 1 / (1 + Math.exp(-v));
    double open = SPAN * sigmoid + GAMMA;
    return open > 0 && open < 1 ? SPAN * sigmoid * (1 - sigmoid) : 0;
  }

  /** The V with {@code h(V) = share}, from 0 to 1. */
  public static double inverse(double share) {
    return -Math.log(SPAN / (share - GAMMA) - 1);
  }

  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    return each(ops, in[0], RectifiedSigmoid::h, null);
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    return new Tensor[] {each(ops, in[0], RectifiedSigmoid::slope, gradOut)};
  }

  /** {@code f} of every element, times that of {@code factor} where there is one. */
  static Tensor each(Ops ops, Tensor x, DoubleUnaryOperator f, @Nullable Tensor factor) {
    Tensor result = ops.empty(x.shape().dims());
    int width = Math.max(1, x.rank() == 0 ? 1 : x.dim(-1));
    int rows = Math.toIntExact(x.size() / width);
    ops.splitter()
        .run(
            rows,
            (row, scratch) -> {
              for (int i = row * width; i < (row + 1) * width; i++) {
                double y = f.applyAsDouble(x.array()[x.offset() + i]);
                result.array()[result.offset() + i] =
                    (float) (factor == null ? y : y * factor.array()[factor.offset() + i]);
              }
            });
    return result;
  }
}
