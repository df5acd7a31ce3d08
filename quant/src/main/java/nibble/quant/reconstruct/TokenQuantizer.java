package nibble.quant.reconstruct;

import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.SiteFunction;
import nibble.nn.packed.SimulatedActivation;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What the integer kernels do to the input of a layer, for training: the values of {@link
 * SimulatedActivation}, to the bit, and gradients straight through. The scale of a token follows
 * its extremes; that it moves with them is left out of the gradient, and so is clipping.
 *
 * @param quantizer how the kernel quantizes
 */
public record TokenQuantizer(ActivationQuantizer quantizer)
    implements SiteFunction, DifferentiableFunction {
  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(this, x);
  }

  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    return new SimulatedActivation(quantizer).apply(ops, in[0]);
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    return new Tensor[] {gradOut};
  }
}
