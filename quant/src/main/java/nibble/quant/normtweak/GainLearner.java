package nibble.quant.normtweak;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Norm;
import nibble.nn.Parameter;
import nibble.nn.train.ParameterGroup;
import nibble.quant.reconstruct.Learner;
import nibble.tensor.Tensor;

/** Gains and biases of some normalisations while they are learned. */
final class GainLearner implements Learner {
  private final Map<Parameter, Tensor> leaves = new LinkedHashMap<>();
  private final Map<Parameter, Tensor> originals = new LinkedHashMap<>();
  private final List<ParameterGroup> groups = new ArrayList<>();

  GainLearner(List<Norm> norms, double rate) {
    for (Norm norm : norms) {
      for (Parameter parameter : parameters(norm)) {
        leaves.put(parameter, copy(parameter.peek()).requireGrad());
        originals.put(parameter, copy(parameter.peek()));
      }
    }
    if (!leaves.isEmpty()) {
      groups.add(new ParameterGroup("gains", rate, 0, List.copyOf(leaves.values())));
    }
  }

  private static Tensor copy(Tensor tensor) {
    return Tensor.of(tensor.toFloats(), tensor.shape().dims());
  }

  /** Gain and bias of a normalisation, those that it has. */
  static List<Parameter> parameters(Norm norm) {
    List<Parameter> parameters = new ArrayList<>();
    Parameter gain = norm.gain();
    if (gain != null) {
      parameters.add(gain);
    }
    Parameter bias = norm.bias();
    if (bias != null) {
      parameters.add(bias);
    }
    return parameters;
  }

  /** Multiplies gain and bias of one normalisation. */
  void scale(Norm norm, double[] factors) {
    for (Parameter parameter : parameters(norm)) {
      Tensor leaf = leaves.get(parameter);
      for (int i = 0; leaf != null && i < factors.length; i++) {
        leaf.array()[leaf.offset() + i] *= (float) factors[i];
      }
    }
  }

  @Override
  public List<ParameterGroup> groups() {
    return groups;
  }

  @Override
  public void begin() {
    leaves.forEach(Parameter::set);
  }

  @Override
  public void end() {
    originals.forEach(Parameter::set);
  }

  /** Leaves the parameters as learned. */
  void keep() {
    leaves.forEach((parameter, leaf) -> parameter.set(copy(leaf)));
  }
}
