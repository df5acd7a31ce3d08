package nibble.quant.training;

import nibble.nn.Linear;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.lsq.LearnedQuantizer;
import nibble.quant.model.ModelTask;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/** Weights whose scales, one for each output channel, are learned as LSQ learns them. */
public final class LearnedWeights {
  private LearnedWeights() {}

  /** The quantizer of a layer's weight, symmetric; its scales begin at the least squares. */
  public static LearnedQuantizer start(ModelTask task, Linear linear, int bits) {
    Tensor scales =
        SiteGrids.fit(
                linear.name(),
                linear.weight().peek().toF32(),
                Shape.of(linear.out(), 1),
                IntFormat.symmetric(bits),
                RangeSearch.LEAST_SQUARES,
                task.ops())
            .scales();
    return LearnedQuantizer.of(linear.weightSite().name(), bits, false, scales);
  }

  /** A weight in training; its codes are those of the learned scales. */
  public static JointTraining.Weight weight(Linear linear, LearnedQuantizer learned) {
    return new JointTraining.Weight(linear, learned, () -> codes(linear, learned));
  }

  private static QuantizedTensor codes(Linear linear, LearnedQuantizer learned) {
    QuantParams params =
        new QuantParams(
            IntFormat.symmetric(learned.bits()),
            new Granularity.PerChannel(),
            linear.out(),
            linear.in(),
            learned.scale().toFloats(),
            new byte[linear.out()]);
    return new QuantizedTensor(
        params.quantize(linear.name(), linear.weight().peek().toFloats(), 0), params);
  }
}
