package nibble.quant.equivalence;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.tensor.Tensor;

/** Parameters of a part as they were, and what maps make of them. */
final class PartParameters {
  private final Map<Parameter, Tensor> originals = new LinkedHashMap<>();
  private final Map<Parameter, Tensor> present = new LinkedHashMap<>();
  private final Set<Linear> linears = new LinkedHashSet<>();

  /** Takes the value of a parameter as the original. */
  void add(Parameter parameter) {
    Tensor value = parameter.peek();
    originals.putIfAbsent(parameter, Tensor.of(value.toFloats(), value.shape().dims()));
  }

  /** Takes weight and bias of a layer. */
  void add(Linear linear) {
    linears.add(linear);
    add(linear.weight());
    Parameter bias = linear.bias();
    if (bias != null) {
      add(bias);
    }
  }

  /** Begins with the originals again. */
  void reset() {
    present.clear();
    present.putAll(originals);
  }

  /** What a parameter is so far. */
  Tensor get(Parameter parameter) {
    Tensor value = present.get(parameter);
    if (value == null) {
      throw new IllegalStateException(
          "'" + parameter.name() + "' is not among the parameters of this part");
    }
    return value;
  }

  /** Changes what a parameter is. */
  void map(Parameter parameter, UnaryOperator<Tensor> change) {
    present.put(parameter, change.apply(get(parameter)));
  }

  /** Lets the model compute with the parameters as they are. */
  void install() {
    present.forEach(Parameter::set);
    linears.forEach(Linear::weightChanged);
  }

  /** Copies what is installed out of the scope that it was computed in. */
  void keep() {
    present.replaceAll((parameter, value) -> Tensor.of(value.toFloats(), value.shape().dims()));
    install();
  }
}
