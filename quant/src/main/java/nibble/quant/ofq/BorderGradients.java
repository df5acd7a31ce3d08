package nibble.quant.ofq;

import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@link StatsQ} whose gradient reaches only what lies at a border between two codes:
 *
 * <pre>{@code
 * dW = dW^ where |f - floor(f) - 1/2| < band, else 0      f = v n - 1/2
 * }</pre>
 *
 * <p>The masked quantizer of confidence-guided annealing (the authors' code), for products of
 * weights, which cannot be held in place one by one.
 *
 * @param band half its width in codes; infinite lets everything pass
 */
record BorderGradients(StatsQ function, double band) implements DifferentiableFunction {
  /** {@code in}: the weight {@code [out, in]}. */
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    return function.forward(ops, in);
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    if (Double.isInfinite(band)) {
      return function.backward(ops, gradOut, in, out);
    }
    int width = in[0].dim(-1);
    float[] w = in[0].toFloats();
    float[] grad = gradOut.toFloats();
    for (int row = 0; row < w.length; row += width) {
      float s = StatsQ.scale(w, row, width);
      for (int i = row; i < row + width; i++) {
        grad[i] = function.isAtBorder(w[i], s, band) ? grad[i] : 0;
      }
    }
    return new Tensor[] {Tensor.of(grad, in[0].shape().dims())};
  }
}
