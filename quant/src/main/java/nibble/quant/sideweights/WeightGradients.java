package nibble.quant.sideweights;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.TransformerBlock;
import nibble.quant.fisher.NextTokenLoss;
import nibble.quant.model.MethodProgress;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Absolute gradients of the loss of a language model in the weights of its blocks, added up text by
 * text, so that opposite signs do not cancel.
 */
public final class WeightGradients {
  private WeightGradients() {}

  /**
   * Runs a float model forward and back.
   *
   * @param texts token ids I32 {@code [batch, tokens]}; each sequence counts for itself
   * @return by the name of the layer: {@code sum |dL/dW|}, {@code [out, in]}
   */
  public static Map<String, double[]> absolute(
      Ops ops, CausalLanguageModel model, List<Tensor> texts, MethodProgress progress) {
    Map<String, double[]> sums = new LinkedHashMap<>();
    Map<String, Tensor> weights = new LinkedHashMap<>();
    for (TransformerBlock block : model.blocks()) {
      for (Linear linear : block.stages().stream().flatMap(List::stream).toList()) {
        if (linear.isReplaced()) {
          throw new IllegalArgumentException(
              "'" + linear.name() + "' is quantized already, expected a float model");
        }
        weights.put(linear.name(), linear.weight().train());
        sums.put(linear.name(), new double[Math.toIntExact(linear.weight().shape().size())]);
      }
    }
    progress.begin("gradients", texts.size(), "texts");
    for (int i = 0; i < texts.size(); i++) {
      Tensor batch = texts.get(i);
      for (int b = 0; b < batch.dim(0); b++) {
        try (Scope scope = ops.scope()) {
          double _ = NextTokenLoss.backward(ops, model, batch.slice(0, b, b + 1));
          weights.forEach((name, weight) -> add(sums.getOrDefault(name, new double[0]), weight));
        }
      }
      progress.to(i + 1, "");
    }
    return sums;
  }

  private static void add(double[] sum, Tensor weight) {
    Tensor gradient = weight.grad();
    if (gradient == null) {
      return;
    }
    float[] values = gradient.toFloats();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += Math.abs(values[i]);
    }
    weight.clearGrad();
  }
}
