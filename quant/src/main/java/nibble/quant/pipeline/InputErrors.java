package nibble.quant.pipeline;

import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.FloatWeight;
import nibble.nn.LayerInput;
import nibble.nn.Linear;
import nibble.nn.SiteFunction;
import nibble.nn.WeightMatrix;
import nibble.quant.model.Segment;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * What quantizing their inputs does to the outputs of layers: {@code ||(X^ - X) W^^T|| / ||X
 * W^^T||} with the codes' weights, on a few calibration batches.
 */
final class InputErrors {
  private static final int BATCHES = 2;

  private InputErrors() {}

  /**
   * The errors of layers that quantize their inputs.
   *
   * @param executed what will run, by layer; the layers still compute with the float values of the
   *     codes
   */
  static Map<Linear, Double> measure(
      Ops ops, Segment segment, List<Tensor> inputs, Map<Linear, WeightMatrix> executed) {
    Map<Linear, Measuring> measuring = new LinkedHashMap<>();
    executed.forEach(
        (linear, matrix) ->
            measuring.put(linear, new Measuring(matrix, FloatWeight.of(linear.weight().peek()))));
    measuring.forEach((linear, function) -> linear.input().append(function));
    try {
      for (Tensor input : inputs.subList(0, Math.min(BATCHES, inputs.size()))) {
        try (Scope scope = ops.scope()) {
          Tensor _ =
              segment.forward().apply(ops, input); // the functions in its sites are what counts
        }
      }
    } finally {
      measuring.forEach((linear, function) -> linear.input().remove(function));
    }
    IdentityHashMap<Linear, Double> errors = new IdentityHashMap<>();
    measuring.forEach((linear, function) -> errors.put(linear, function.error()));
    return errors;
  }

  private static final class Measuring implements SiteFunction {
    private final WeightMatrix matrix;
    private final WeightMatrix floats;
    private double difference;
    private double whole;

    Measuring(WeightMatrix matrix, WeightMatrix floats) {
      this.matrix = matrix;
      this.floats = floats;
    }

    @Override
    public Tensor apply(Ops ops, Tensor x) {
      float[] wanted = floats.multiply(ops, new LayerInput(x), null).toFloats();
      float[] found = matrix.multiply(ops, new LayerInput(x), null).toFloats();
      for (int i = 0; i < wanted.length; i++) {
        double d = (double) found[i] - wanted[i];
        difference += d * d;
        whole += (double) wanted[i] * wanted[i];
      }
      return x;
    }

    double error() {
      return whole == 0 ? 0 : Math.sqrt(difference / whole);
    }
  }
}
