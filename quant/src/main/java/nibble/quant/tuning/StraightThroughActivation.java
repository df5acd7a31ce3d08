package nibble.quant.tuning;

import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.SiteFunction;
import nibble.nn.packed.SimulatedActivation;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;
import nibble.quant.model.ActivationQuantizers;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Fake quantization of activations whose rounding passes gradients unchanged (straight-through
 * estimator). Ranges are found anew each time. Dynamic schemes take the codes that packed execution
 * takes, to the bit; a static scheme takes the range of the tensor at hand, since its scale is
 * measured later.
 *
 * @param name of the site, for messages
 * @param ranges whether gradients pass the ranges too ({@link RangeGradient}), as in the code of
 *     OSTQuant (from memory); SpinQuant's lets them pass the rounding alone
 */
public record StraightThroughActivation(String name, ActivationScheme scheme, boolean ranges)
    implements SiteFunction {
  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(new Rounding(), x);
  }

  private final class Rounding implements DifferentiableFunction {
    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      return new SimulatedActivation(quantizer(in[0])).apply(ops, in[0]);
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      if (!ranges) {
        return new Tensor[] {gradOut};
      }
      Tensor x = in[0];
      Tensor grad = Tensor.of(gradOut.toFloats(), x.shape().dims());
      int shared = scheme.timing() == ActivationScheme.Timing.DYNAMIC ? x.dim(-1) : (int) x.size();
      boolean symmetric = !scheme.format().isAsymmetric();
      for (int at = 0; at < x.size(); at += shared) {
        RangeGradient.add(
            x.array(),
            x.offset() + at,
            out.array(),
            out.offset() + at,
            gradOut.array(),
            gradOut.offset() + at,
            grad.array(),
            grad.offset() + at,
            shared,
            symmetric);
      }
      return new Tensor[] {grad};
    }
  }

  private ActivationQuantizer quantizer(Tensor x) {
    if (scheme.timing() == ActivationScheme.Timing.DYNAMIC) {
      return ActivationQuantizers.of(name, scheme, null);
    }
    IntFormat format = scheme.format();
    Grid grid =
        new ClipSearch.Ratio(scheme.clipRatio())
            .fit(name, format, x.array(), x.offset(), (int) x.size(), 1);
    int zeroPoint = format.isAsymmetric() ? grid.zeroPoint() + (1 << (format.bits() - 1)) : 0;
    return new ActivationQuantizer.PerTensor(
        format.bits(), !format.isAsymmetric(), grid.scale(), zeroPoint);
  }
}
