package nibble.quant.tuning;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Model;
import nibble.nn.Parameter;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Parameters that are computed from their float values and from what is learned, anew for every
 * forward pass, so that gradients reach what is learned. The float values themselves are not
 * trained.
 *
 * <p>Memory: all changed parameters in F32, once as they are and once as they are computed with.
 * Not thread-safe.
 */
final class ChangingWeights {
  private final Model model;
  private final Map<Parameter, List<WeightChange>> changes = new LinkedHashMap<>();
  private final Map<Parameter, Tensor> bases = new LinkedHashMap<>();

  ChangingWeights(Model model) {
    this.model = model;
  }

  /** Adds a change of {@code parameter}, after those it has. */
  void add(Parameter parameter, WeightChange change) {
    changes.computeIfAbsent(parameter, p -> new ArrayList<>()).add(change);
    bases.computeIfAbsent(parameter, p -> Tensor.of(p.peek().toFloats(), p.shape().dims()));
  }

  /**
   * Puts the computed values into the parameters. They belong to the innermost scope; {@link
   * #restore} before it closes.
   */
  void install(Ops ops) {
    changes.forEach((parameter, list) -> parameter.set(value(ops, parameter, list)));
    weightsChanged();
  }

  /** Puts the float values back. */
  void restore() {
    bases.forEach(Parameter::set);
    weightsChanged();
  }

  /** Leaves the computed values in the parameters for good. */
  void fold(Ops ops) {
    try (var inference = ops.noGrad()) {
      changes.forEach(
          (parameter, list) -> {
            Tensor value = value(ops, parameter, list);
            parameter.set(Tensor.of(value.toFloats(), parameter.shape().dims()));
          });
    }
    weightsChanged();
  }

  private Tensor value(Ops ops, Parameter parameter, List<WeightChange> list) {
    Tensor value = bases.get(parameter);
    if (value == null) {
      throw new IllegalStateException("no value of '" + parameter.name() + "'");
    }
    for (WeightChange change : list) {
      value = change.apply(ops, value);
    }
    return value;
  }

  private void weightsChanged() {
    model.linears().forEach(nibble.nn.Linear::weightChanged);
  }
}
