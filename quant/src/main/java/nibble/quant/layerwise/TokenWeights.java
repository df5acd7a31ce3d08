package nibble.quant.layerwise;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.Sites;
import nibble.quant.model.Segment;
import nibble.quant.observer.AttentionConcentration;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * How the tokens of one part of a model count, by the attention of the part as it is before its
 * weights are quantized. Attention is looked at when it is asked for first. Parts without
 * attention, the embedding and the head, have none.
 */
final class TokenWeights {
  private final Ops ops;
  private final Optional<Site> site;
  private final Segment segment;
  private final List<Tensor> inputs;
  private final List<double[][]> columnSums = new ArrayList<>();

  TokenWeights(Ops ops, Sites sites, Segment segment, List<Tensor> inputs) {
    this.ops = ops;
    this.site = sites.find(segment.name() + ".attn.probs");
    this.segment = segment;
    this.inputs = inputs;
  }

  /**
   * The weights of all tokens of an input, one sequence after the other; null for a part without
   * attention.
   */
  float @Nullable [] of(int input, AttentionConcentration rule) {
    if (site.isEmpty()) {
      return null;
    }
    measure();
    double[][] sums = columnSums.get(input);
    int tokens = sums.length == 0 ? 0 : sums[0].length;
    float[] weights = new float[sums.length * tokens];
    for (int b = 0; b < sums.length; b++) {
      System.arraycopy(rule.weights(sums[b]), 0, weights, b * tokens, tokens);
    }
    return weights;
  }

  /** Looks at the attention of all inputs as the part computes now, once. */
  void measure() {
    if (site.isPresent() && columnSums.isEmpty()) {
      measure(site.get());
    }
  }

  private void measure(Site place) {
    List<double[][]> found = new ArrayList<>();
    SiteFunction observer =
        (_, x) -> {
          found.add(sums(x));
          return x;
        };
    place.append(observer);
    try (var inference = ops.noGrad()) {
      for (Tensor input : inputs) {
        try (Scope scope = ops.scope()) {
          Tensor _ = segment.forward().apply(ops, input);
        }
        if (found.size() != columnSums.size() + 1 || found.getLast().length != input.dim(0)) {
          throw new IllegalArgumentException(
              ("the attention of '%s' does not see one sequence for each of %d samples; choose a"
                      + " method without token weights, such as gptq")
                  .formatted(segment.name(), input.dim(0)));
        }
        columnSums.add(found.getLast());
      }
    } finally {
      place.remove(observer);
    }
  }

  /** Column sums of {@code x [batch, heads, queries, keys]}. */
  private static double[][] sums(Tensor x) {
    Tensor floats = x.toF32();
    int batch = x.dim(0);
    int rows = x.dim(1) * x.dim(2);
    int keys = x.dim(3);
    double[][] sums = new double[batch][];
    for (int b = 0; b < batch; b++) {
      sums[b] =
          AttentionConcentration.columnSums(
              floats.array(), floats.offset() + b * rows * keys, rows, keys);
    }
    return sums;
  }
}
