package nibble.quant.sensitivity;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.SiteFunction;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Symmetry;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.model.SampleBatches;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * The mean squared error of a model's result when one group of layers alone is quantized, weights
 * and input, for several numbers of bits. Weights are rounded to rows with the least squared error,
 * inputs to one grid by percentiles.
 *
 * @param groups of layers
 * @param least change of bits that was measured
 * @param errors by group, then by change of bits from {@code least} up
 */
public record SensitivityTable(List<LayerGroup> groups, int least, List<double[]> errors) {
  public SensitivityTable {
    groups = List.copyOf(groups);
    errors = List.copyOf(errors);
  }

  /** The error of a group at {@code change} bits more than the scheme's. */
  public double error(int group, int change) {
    return errors.get(group)[change - least];
  }

  /**
   * Measures it; the model is as before afterwards.
   *
   * @param least change of bits from the scheme's, not positive
   * @param most change, not negative
   * @param images that results are computed for, in one batch
   */
  public static SensitivityTable measure(
      ModelTask task, List<LayerGroup> groups, int least, int most, int images) {
    Tensor inputs = SampleBatches.one(task.samples(), images);
    Tensor exact = result(task, inputs);
    List<double[]> errors = new ArrayList<>();
    task.progress().begin("sensitivity", (long) groups.size() * (most - least + 1), "passes");
    int done = 0;
    for (LayerGroup group : groups) {
      double[] row = new double[most - least + 1];
      for (int change = least; change <= most; change++) {
        row[change - least] = error(task, group, change, inputs, exact);
        task.progress().to(++done, group.name());
      }
      errors.add(row);
    }
    return new SensitivityTable(groups, least, errors);
  }

  private static double error(
      ModelTask task, LayerGroup group, int change, Tensor inputs, Tensor exact) {
    Map<Linear, Tensor> originals = new LinkedHashMap<>();
    SiteFunction input = input(task, group, change);
    try {
      for (Linear linear : group.linears()) {
        Tensor original = linear.weight().peek();
        originals.put(linear, original);
        int bits = LayerGroup.clamped(LayerGroup.bits(task) + change);
        QuantizedTensor codes =
            new RowRounding(Symmetry.SYMMETRIC, RangeSearch.SHRINK)
                .codes(linear, original.toFloats(), bits, task.ops().splitter());
        linear.setWeight(Tensor.of(codes.dequantize(), codes.out(), codes.in()));
      }
      group.input().append(input);
      try (var inference = task.ops().noGrad()) {
        return task.ops().mse(result(task, inputs), exact).item();
      } finally {
        group.input().remove(input);
      }
    } finally {
      originals.forEach(Linear::setWeight);
    }
  }

  /** Fits its grid to the first tensor that comes. */
  private static SiteFunction input(ModelTask task, LayerGroup group, int change) {
    int bits =
        task.activations(group.input())
            .map(a -> LayerGroup.clamped(a.format().bits() + change))
            .orElse(0);
    if (bits == 0) {
      return (ops, x) -> x;
    }
    return (ops, x) ->
        SiteGrids.fit(
                group.name(),
                x,
                Shape.of(),
                IntFormat.asymmetric(bits),
                RangeSearch.PERCENTILES,
                ops)
            .apply(ops, x);
  }

  private static Tensor result(ModelTask task, Tensor inputs) {
    Ops ops = task.ops();
    try (var inference = ops.noGrad();
        Scope scope = ops.scope()) {
      Tensor result = task.model().forward(ops, inputs);
      return Tensor.of(result.toFloats(), result.shape().dims());
    }
  }
}
