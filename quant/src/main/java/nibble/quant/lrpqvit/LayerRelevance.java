package nibble.quant.lrpqvit;

import java.util.ArrayList;
import java.util.List;
import nibble.nn.Model;
import nibble.nn.SiteFunction;
import nibble.quant.sensitivity.LayerGroup;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * How much of the relevance of a model's answer passes each group of linear layers: layer-wise
 * relevance propagation from a one at the predicted class.
 *
 * <pre>{@code
 * c[l] = mean over images of sum |R| at the input of l, divided by the sum over all l
 * }</pre>
 *
 * <p>The rules are those of {@link Ops#relevance}. Which tensor stands for a layer is inferred; its
 * input has the relevance of its output, since the rule of linear layers keeps the sum.
 */
final class LayerRelevance {
  private LayerRelevance() {}

  /**
   * Scores of groups, with the sum 1.
   *
   * @param inputs of the model, batches
   */
  static double[] measure(Ops ops, Model model, List<LayerGroup> groups, List<Tensor> inputs) {
    double[] sums = raw(ops, model, groups, inputs, 1);
    double total = 0;
    for (double sum : sums) {
      total += sum;
    }
    for (int i = 0; i < sums.length; i++) {
      sums[i] = total > 0 ? sums[i] / total : 1.0 / sums.length;
    }
    return sums;
  }

  /** Sums of |R|, from {@code start} at the predicted class of every image. */
  static double[] raw(
      Ops ops, Model model, List<LayerGroup> groups, List<Tensor> inputs, double start) {
    double[] sums = new double[groups.size()];
    List<SiteFunction> probes = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      int group = i;
      SiteFunction probe = (o, x) -> o.custom(new Probe(sums, group), x);
      groups.get(i).input().append(probe);
      probes.add(probe);
    }
    try {
      for (Tensor batch : inputs) {
        try (Scope scope = ops.scope();
            var mode = ops.relevance()) {
          Tensor leaf = Tensor.of(batch.toFloats(), batch.shape().dims()).requireGrad();
          Tensor logits = model.forward(ops, leaf);
          ops.backward(ops.sum(ops.mul(logits, atPredicted(logits, start))));
        }
      }
    } finally {
      for (int i = 0; i < groups.size(); i++) {
        groups.get(i).input().remove(probes.get(i));
      }
    }
    return sums;
  }

  /** {@code start / logit} at the largest logit of each row, 0 elsewhere. */
  private static Tensor atPredicted(Tensor logits, double start) {
    float[] values = logits.toFloats();
    int classes = logits.dim(-1);
    float[] c = new float[values.length];
    for (int row = 0; row < values.length; row += classes) {
      int best = row;
      for (int i = row; i < row + classes; i++) {
        best = values[i] > values[best] ? i : best;
      }
      c[best] = values[best] == 0 ? 0 : (float) (start / values[best]);
    }
    return Tensor.of(c, logits.shape().dims());
  }

  /** The identity; adds up |R| on the way back. */
  private record Probe(double[] sums, int group) implements DifferentiableFunction {
    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      return in[0];
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor c, Tensor[] in, Tensor out) {
      double sum = 0;
      for (int i = 0; i < c.size(); i++) {
        sum += Math.abs((double) c.array()[c.offset() + i] * in[0].array()[in[0].offset() + i]);
      }
      sums[group] += sum;
      return new Tensor[] {c};
    }
  }
}
