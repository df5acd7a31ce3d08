package nibble.quant.ste;

import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Rounds half to even; the derivative is 1 everywhere (the straight-through estimator, Bengio,
 * Leonard, Courville: <a href="https://arxiv.org/abs/1308.3432">arXiv:1308.3432</a>). With a clamp
 * before it the derivative is 1 within the range and 0 outside.
 */
public record SteRound() implements DifferentiableFunction {
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor out = ops.empty(in[0].shape().dims());
    for (int i = 0; i < in[0].size(); i++) {
      out.array()[out.offset() + i] = (float) Math.rint(in[0].array()[in[0].offset() + i]);
    }
    return out;
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    return new Tensor[] {gradOut};
  }
}
