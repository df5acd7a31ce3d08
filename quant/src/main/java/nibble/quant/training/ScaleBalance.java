package nibble.quant.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.nn.Linear;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.lsq.LearnedQuantizer;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.range.SomeRows;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * How far scales of single channels may be apart. In integers they are folded into the weights,
 * {@code W'[:, j] = W[:, j] s[j]}, and what makes activations easy makes the rows of W' hard: one
 * channel with a large scale takes the codes of all others. So of
 *
 * <pre>{@code
 * s[j]^(1 - a) max(s)^a,  a = 0, 1/4, 1/2, 3/4, 1,    and the best single scale
 * }</pre>
 *
 * <p>the grid is taken with which the outputs of the layers that read the site, weights and inputs
 * quantized, are nearest to those in float. Ours; SmoothQuant (<a
 * href="https://arxiv.org/abs/2211.10438">arXiv:2211.10438</a>) moves difficulty the other way in
 * the same manner. GPLQ's paper leaves scales in the forward pass, where they cannot leave the sum
 * of an integer product.
 */
final class ScaleBalance {
  private static final int ROWS = 512;
  private static final double[] SHARES = {0, 0.25, 0.5, 0.75, 1};

  private final ModelTask task;
  private final ActivationSite site;
  private final int bits;
  private final RowRounding weights;

  ScaleBalance(ModelTask task, ActivationSite site, int bits, RowRounding weights) {
    this.task = task;
    this.site = site;
    this.bits = bits;
    this.weights = weights;
  }

  /** The best grid for {@code x [..., channels]}; of equal ones that with the finer scales. */
  StartingGrid of(Tensor x, StartingGrid channels, StartingGrid layer) {
    Tensor rows = SomeRows.of(x, ROWS);
    List<StartingGrid> candidates = new ArrayList<>();
    for (double share : SHARES) {
      candidates.add(channels.widened(share));
    }
    candidates.add(layer.spread(x.dim(-1)));
    StartingGrid best = candidates.getFirst();
    double least = Double.POSITIVE_INFINITY;
    for (StartingGrid candidate : candidates) {
      double error = error(rows, candidate);
      if (error < least) {
        least = error;
        best = candidate;
      }
    }
    return best;
  }

  private double error(Tensor rows, StartingGrid grid) {
    Ops ops = task.ops();
    LearnedQuantizer quantizer =
        grid.offset().isPresent()
            ? LearnedQuantizer.withOffset(site.name(), bits, grid.scale(), grid.offset().get())
            : LearnedQuantizer.of(site.name(), bits, false, grid.scale());
    double sum = 0;
    try (var inference = ops.noGrad();
        Scope scope = ops.scope()) {
      Tensor quantized = quantizer.apply(ops, rows);
      for (Linear linear : site.readers()) {
        Tensor weight = linear.weight().peek().toF32();
        Tensor difference =
            ops.sub(
                ops.linear(quantized, folded(linear, weight, grid.scale().toFloats()), null),
                ops.linear(rows, weight, null));
        sum += ops.sum(ops.square(difference)).item();
      }
    }
    return sum;
  }

  /** The weight after its quantization with the scales folded in, and out again. */
  private Tensor folded(Linear linear, Tensor weight, float[] s) {
    Optional<WeightScheme> scheme = task.weights(linear);
    if (scheme.isEmpty()) {
      return weight;
    }
    float[] w = weight.toFloats();
    for (int i = 0; i < w.length; i++) {
      w[i] *= s[i % s.length];
    }
    QuantizedTensor codes =
        weights.codes(linear, w, scheme.get().format().bits(), task.ops().splitter());
    float[] rounded = codes.dequantize();
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] /= s[i % s.length];
    }
    return Tensor.of(rounded, linear.out(), linear.in());
  }
}
