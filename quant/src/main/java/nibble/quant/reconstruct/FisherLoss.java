package nibble.quant.reconstruct;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Squared error of a part's output {@code y}, weighted by gradients {@code g} of the model's loss
 * there, in place of the Hessian (BRECQ, arXiv:2102.05426, section 3.3, in the two forms of the
 * authors' code).
 */
public enum FisherLoss {
  /** {@code mean (y - z)^2 g^2}: the mean squared error where all gradients are 1. */
  DIAGONAL {
    @Override
    Tensor of(Ops ops, Tensor output, Tensor target, Tensor gradients) {
      return ops.mse(ops.mul(output, gradients), ops.mul(target, gradients));
    }
  },

  /**
   * {@code mean d |y - z| g / 100} with {@code d = sum |y - z| g} of the whole sample; a hundredth
   * as in the authors' code.
   */
  FULL {
    @Override
    Tensor of(Ops ops, Tensor output, Tensor target, Tensor gradients) {
      Tensor weighted = ops.mul(ops.abs(ops.sub(output, target)), gradients);
      Tensor sums = ops.sum(ops.reshape(weighted, weighted.dim(0), -1), 1, false);
      return ops.scale(ops.sum(ops.square(sums)), 0.01f / weighted.size());
    }
  };

  /**
   * The loss, rank 0; gradients flow to the output.
   *
   * @param output {@code [samples, ...]}
   * @param target of the same shape
   * @param gradients of the same shape, not negative
   */
  abstract Tensor of(Ops ops, Tensor output, Tensor target, Tensor gradients);
}
