package nibble.quant.layerwise;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import nibble.nn.LayerInput;
import nibble.nn.Linear;
import nibble.nn.SiteFunction;
import nibble.nn.WeightMatrix;
import nibble.nn.packed.PackedIntWeight;
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
   * Runs a part on the first batches, as the layers still compute: with the float values of the
   * codes.
   *
   * @param executed what will run, by layer that quantizes its input
   * @param errors is told the error of each of these layers
   * @return what the part makes of these batches; of none if there are no such layers
   */
  static List<Tensor> measure(
      Ops ops,
      Segment segment,
      List<Tensor> inputs,
      Map<Linear, WeightMatrix> executed,
      BiConsumer<Linear, Double> errors) {
    if (inputs.isEmpty() || executed.isEmpty()) {
      return List.of();
    }
    Map<Linear, Measuring> measuring = new LinkedHashMap<>();
    executed.forEach(
        (linear, matrix) -> measuring.put(linear, new Measuring(matrix, floats(linear, matrix))));
    measuring.forEach((linear, function) -> linear.input().append(function));
    List<Tensor> outputs;
    try {
      outputs = segment.forward(ops, inputs.subList(0, Math.min(BATCHES, inputs.size())));
    } finally {
      measuring.forEach((linear, function) -> linear.input().remove(function));
    }
    measuring.forEach((linear, function) -> errors.accept(linear, function.error()));
    return outputs;
  }

  /** The codes' weights with float inputs; integers need no copy in float for that. */
  private static WeightMatrix floats(Linear linear, WeightMatrix matrix) {
    return matrix instanceof PackedIntWeight integers
        ? integers.withActivations(null)
        : linear.matrix();
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
      try (Scope scope = ops.scope()) {
        Tensor wanted = floats.multiply(ops, new LayerInput(x), null);
        Tensor found = matrix.multiply(ops, new LayerInput(x), null);
        for (int i = 0; i < wanted.size(); i++) {
          float value = wanted.array()[wanted.offset() + i];
          double d = (double) found.array()[found.offset() + i] - value;
          difference += d * d;
          whole += (double) value * value;
        }
      }
      return x;
    }

    double error() {
      return whole == 0 ? 0 : Math.sqrt(difference / whole);
    }
  }
}
