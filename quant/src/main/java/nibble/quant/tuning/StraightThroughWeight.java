package nibble.quant.tuning;

import nibble.nn.SiteFunction;
import nibble.quant.format.Granularity;
import nibble.quant.format.QuantParams;
import nibble.quant.format.WeightScheme;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Rounding of a weight {@code [out, in]} to nearest, on grids fitted anew each time as round to
 * nearest fits them. Rounding passes gradients unchanged (straight-through estimator).
 *
 * @param name of the layer, for messages
 * @param ranges whether gradients pass the ranges too, a clipped share of them taken as fixed:
 *     {@link RangeGradient}
 */
public record StraightThroughWeight(String name, WeightScheme scheme, boolean ranges)
    implements SiteFunction {
  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(new Rounding(), x);
  }

  private final class Rounding implements DifferentiableFunction {
    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      Tensor w = in[0];
      Tensor out = ops.empty(w.shape().dims());
      QuantParams params =
          QuantParams.fit(
              name,
              w.array(),
              w.offset(),
              w.dim(0),
              w.dim(1),
              scheme.format(),
              scheme.granularity(),
              scheme.clip(),
              ops.splitter());
      params.fakeQuantize(w.array(), w.offset(), out.array(), out.offset());
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      if (!ranges) {
        return new Tensor[] {gradOut};
      }
      Tensor w = in[0];
      Tensor grad = Tensor.of(gradOut.toFloats(), w.shape().dims());
      boolean whole = scheme.granularity() instanceof Granularity.PerTensor;
      int columns = whole ? (int) w.size() : w.dim(1);
      int shared = whole ? columns : Math.min(columns, scheme.granularity().groupSize(columns));
      boolean symmetric = !scheme.format().isAsymmetric();
      for (int row = 0; row < w.size(); row += columns) {
        for (int from = 0; from < columns; from += shared) {
          int at = row + from;
          RangeGradient.add(
              w.array(),
              w.offset() + at,
              out.array(),
              out.offset() + at,
              gradOut.array(),
              gradOut.offset() + at,
              grad.array(),
              grad.offset() + at,
              Math.min(shared, columns - from),
              symmetric);
        }
      }
      return new Tensor[] {grad};
    }
  }
}
