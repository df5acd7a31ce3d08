package nibble.quant.actreg;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Kurtosis over channels: 3 for Gaussian values, about n for one large value among n,
 * differentiable.
 */
final class Kurtosis {
  private static final float EPSILON = 1e-12f;

  private Kurtosis() {}

  /** The mean over rows of {@code mean((y - mu)^4) / sigma^4} along the last axis, rank 0. */
  static Tensor mean(Ops ops, Tensor y) {
    Tensor squares = ops.square(ops.sub(y, ops.mean(y, -1, true)));
    Tensor variance = ops.add(ops.mean(squares, -1, true), Tensor.of(new float[] {EPSILON}, 1));
    return ops.mean(ops.div(ops.mean(ops.square(squares), -1, true), ops.square(variance)));
  }
}
