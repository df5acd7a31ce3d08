package nibble.quant.reconstruct;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * What {@link FisherLoss} weighs with: {@code |dL/dy| + 1} for the divergence {@code L} of the
 * float model's result from that of a model whose part is quantized, and what follows it in float.
 * The 1 is in the authors' code of BRECQ, not in the paper.
 */
final class OutputGradients {
  private OutputGradients() {}

  /**
   * One tensor for each batch, in new memory.
   *
   * @param outputs of the quantized part
   * @param targets outputs of the float part
   * @param rest the float model behind the part, from its output to the logits
   */
  static List<Tensor> of(
      Ops ops, List<Tensor> outputs, List<Tensor> targets, BiFunction<Ops, Tensor, Tensor> rest) {
    List<Tensor> gradients = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      try (Scope scope = ops.scope()) {
        gradients.add(of(ops, outputs.get(i), targets.get(i), rest));
      }
    }
    return gradients;
  }

  private static Tensor of(
      Ops ops, Tensor output, Tensor target, BiFunction<Ops, Tensor, Tensor> rest) {
    Tensor expected;
    try (var inference = ops.noGrad()) {
      expected = rest.apply(ops, target);
    }
    Tensor leaf = Tensor.of(output.toFloats(), output.shape().dims()).requireGrad();
    ops.backward(ReconstructionLoss.DIVERGENCE.of(ops, rest.apply(ops, leaf), expected));
    float[] values = Objects.requireNonNull(leaf.grad()).toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.abs(values[i]) + 1;
    }
    return Tensor.of(values, output.shape().dims());
  }
}
