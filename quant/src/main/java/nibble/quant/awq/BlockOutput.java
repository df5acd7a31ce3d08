package nibble.quant.awq;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import nibble.nn.Linear;
import nibble.quant.fold.ScaleEdge;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.model.SchemePlan;
import nibble.quant.model.Segment;
import nibble.quant.rtn.Rtn;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Judges scales by what rounding then does to the output of a block.
 *
 * @param inputs of the block, in float
 * @param outputs of the float block for them
 */
record BlockOutput(Ops ops, Segment segment, List<Tensor> inputs, List<Tensor> outputs) {
  /**
   * The mean squared error of the block's output when the layers behind {@code edge} compute with
   * {@code Q(W s) / s}; the layers are as before afterwards.
   *
   * @param s scales by factor
   */
  double errorOf(ScaleEdge edge, float[] s, SchemePlan schemes) {
    Map<Linear, Supplier<Tensor>> before = new LinkedHashMap<>();
    for (Linear linear : edge.readers()) {
      Optional<WeightScheme> scheme = schemes.weights(linear);
      if (scheme.isPresent()) {
        before.put(linear, linear.weight().snapshot());
        linear.setWeight(rounded(linear, edge, s, scheme.get()));
      }
    }
    try {
      return error();
    } finally {
      before.forEach(
          (linear, maker) -> {
            linear.weight().replace(maker);
            linear.weightChanged();
          });
    }
  }

  private Tensor rounded(Linear linear, ScaleEdge edge, float[] s, WeightScheme scheme) {
    int in = linear.in();
    float[] w = linear.weight().peek().toFloats();
    for (int i = 0; i < w.length; i++) {
      w[i] *= s[edge.factorOf(i % in)];
    }
    QuantizedTensor codes =
        Rtn.quantize(linear.name(), w, linear.out(), in, scheme, ops.splitter());
    float[] rounded = codes.dequantize();
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] /= s[edge.factorOf(i % in)];
    }
    return Tensor.of(rounded, linear.out(), in);
  }

  private double error() {
    double sum = 0;
    long count = 0;
    try (var inference = ops.noGrad()) {
      for (int i = 0; i < inputs.size(); i++) {
        try (Scope scope = ops.scope()) {
          float[] y = segment.forward().apply(ops, inputs.get(i)).toFloats();
          float[] wanted = outputs.get(i).toFloats();
          for (int j = 0; j < y.length; j++) {
            double difference = (double) y[j] - wanted[j];
            sum += difference * difference;
          }
          count += y.length;
        }
      }
    }
    return sum / count;
  }
}
