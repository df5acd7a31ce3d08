package nibble.quant.sideweights;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.nn.transformer.TransformerBlock;
import nibble.quant.fisher.NextTokenLoss;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.ModelTask;
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
   * Fails unless {@code scheme} quantizes weights alone.
   *
   * @param method named in the message
   */
  public static void checkScheme(String method, Scheme scheme) {
    if (scheme.weights().isEmpty() || scheme.activations().isPresent()) {
      throw new IllegalArgumentException(
          "%s quantizes weights and leaves activations in float, found scheme '%s'; name one such as 'W3A16 g32'"
              .formatted(method, scheme));
    }
  }

  /**
   * Those of a task's float model, on the first samples.
   *
   * @param method named in the message
   * @param texts most samples
   * @return by the name of the layer: {@code sum |dL/dW|}, {@code [out, in]}
   * @throws IllegalArgumentException if the model predicts no tokens
   */
  public static Map<String, double[]> of(String method, ModelTask task, int texts) {
    if (!(task.floatModel().get() instanceof CausalLanguageModel language)) {
      throw new IllegalArgumentException(
          method
              + " takes gradients of a causal language model, "
              + task.model().architecture()
              + " is none");
    }
    List<Tensor> all = task.samples().inputs();
    return absolute(
        task.ops(), language, all.subList(0, Math.min(texts, all.size())), task.progress());
  }

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
