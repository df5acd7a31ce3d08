package nibble.quant.reconstruct;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * How far the output of a quantized part is from the wanted one; rank 0. Gradients flow to the
 * output.
 */
@FunctionalInterface
public interface ReconstructionLoss {
  /** Mean squared error of all elements. */
  ReconstructionLoss MEAN_SQUARES = Ops::mse;

  /** {@code KL(softmax(target) || softmax(output))} over the last axis, mean over rows. */
  ReconstructionLoss DIVERGENCE = ReconstructionLoss::divergence;

  /**
   * {@code mean |mean_f - mean_q| + mean |var_f - var_q|} of channels over all rows (Norm Tweaking,
   * arXiv:2309.02784).
   */
  ReconstructionLoss STATISTICS = ReconstructionLoss::statistics;

  Tensor of(Ops ops, Tensor output, Tensor target);

  /** This loss and another. */
  default ReconstructionLoss plus(ReconstructionLoss other) {
    return (ops, output, target) -> ops.add(of(ops, output, target), other.of(ops, output, target));
  }

  private static Tensor divergence(Ops ops, Tensor output, Tensor target) {
    Tensor p;
    Tensor logP;
    try (var inference = ops.noGrad()) {
      p = ops.softmax(target);
      logP = ops.logSoftmax(target);
    }
    long rows = output.size() / output.dim(-1);
    return ops.scale(ops.sum(ops.mul(p, ops.sub(logP, ops.logSoftmax(output)))), 1f / rows);
  }

  private static Tensor statistics(Ops ops, Tensor output, Tensor target) {
    Tensor[] q = moments(ops, output);
    Tensor[] f = moments(ops, target);
    return ops.add(ops.mean(ops.abs(ops.sub(q[0], f[0]))), ops.mean(ops.abs(ops.sub(q[1], f[1]))));
  }

  /** Mean and variance of channels. */
  private static Tensor[] moments(Ops ops, Tensor x) {
    Tensor rows = ops.reshape(x, -1, x.dim(-1));
    Tensor mean = ops.mean(rows, 0, true);
    return new Tensor[] {mean, ops.mean(ops.square(ops.sub(rows, mean)), 0, true)};
  }
}
