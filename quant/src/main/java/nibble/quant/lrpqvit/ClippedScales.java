package nibble.quant.lrpqvit;

import java.util.List;
import nibble.nn.Linear;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.fold.ScaleReparameterisation;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Symmetry;
import nibble.quant.format.WeightScheme;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SomeRows;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Clips the largest scales of channels before they are folded: {@code s[j] <- min(s[j], mean(s) +
 * kappa std(s))}, zero points stay. A few outliers would make the folded weights hard. Kappa is
 * that of which the outputs of the layers that read the channels err least, weights quantized; none
 * is among the candidates. Inferred from the abstract of LRP-QViT (<a
 * href="https://arxiv.org/abs/2401.11243">arXiv:2401.11243</a>).
 */
final class ClippedScales {
  private static final List<Double> KAPPAS =
      List.of(Double.POSITIVE_INFINITY, 4.0, 3.0, 2.0, 1.5, 1.0, 0.5);
  private static final int ROWS = 512;

  private final ModelTask task;
  private final List<Linear> readers;

  ClippedScales(ModelTask task, List<Linear> readers) {
    this.task = task;
    this.readers = readers;
  }

  /** The best of {@code channels} clipped, for {@code x [..., channels]}. */
  UniformQuantizer best(UniformQuantizer channels, Tensor x) {
    Tensor rows = SomeRows.of(x, ROWS);
    boolean[] empty = ScaleReparameterisation.emptyChannels(x);
    UniformQuantizer best = channels;
    double least = Double.POSITIVE_INFINITY;
    for (double kappa : KAPPAS) {
      UniformQuantizer candidate = clipped(channels, kappa);
      double error = error(candidate, ScaleReparameterisation.of(candidate, empty).factors(), rows);
      if (error < least) {
        least = error;
        best = candidate;
      }
    }
    return best;
  }

  /** With scales of at most {@code mean + kappa std}. */
  static UniformQuantizer clipped(UniformQuantizer channels, double kappa) {
    float[] s = channels.scales().toFloats();
    double sum = 0;
    double squares = 0;
    for (float value : s) {
      sum += value;
      squares += (double) value * value;
    }
    double mean = sum / s.length;
    double limit =
        Double.isInfinite(kappa)
            ? Double.POSITIVE_INFINITY
            : mean + kappa * Math.sqrt(Math.max(0, squares / s.length - mean * mean));
    for (int j = 0; j < s.length; j++) {
      s[j] = (float) Math.min(s[j], limit);
    }
    Tensor zeroPoints = channels.zeroPoints();
    if (zeroPoints == null) {
      throw new IllegalArgumentException(
          "scales of channels with zero points are needed, found " + channels.format());
    }
    return UniformQuantizer.asymmetric(channels.bits(), Tensor.of(s, s.length), zeroPoints);
  }

  private double error(UniformQuantizer quantizer, float[] factors, Tensor rows) {
    Ops ops = task.ops();
    double sum = 0;
    try (var inference = ops.noGrad();
        Scope scope = ops.scope()) {
      Tensor quantized = quantizer.apply(ops, rows);
      for (Linear linear : readers) {
        Tensor weight = linear.weight().peek().toF32();
        int bits = task.weights(linear).map(WeightScheme::format).map(IntFormat::bits).orElse(0);
        Tensor rounded = bits == 0 ? weight : rounded(linear, weight, factors, bits);
        sum +=
            ops.sum(
                    ops.square(
                        ops.sub(
                            ops.linear(quantized, rounded, null), ops.linear(rows, weight, null))))
                .item();
      }
    }
    return sum;
  }

  /** The weight after its quantization with the scales folded in, and out again. */
  private Tensor rounded(Linear linear, Tensor weight, float[] factors, int bits) {
    float[] w = weight.toFloats();
    for (int i = 0; i < w.length; i++) {
      w[i] /= factors[i % factors.length];
    }
    QuantizedTensor codes =
        new RowRounding(Symmetry.ASYMMETRIC, RangeSearch.PERCENTILES)
            .codes(linear, w, bits, task.ops().splitter());
    float[] values = codes.dequantize();
    for (int i = 0; i < values.length; i++) {
      values[i] *= factors[i % factors.length];
    }
    return Tensor.of(values, linear.out(), linear.in());
  }
}
