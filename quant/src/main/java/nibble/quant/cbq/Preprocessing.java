package nibble.quant.cbq;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.quant.fold.ScaleEdge;
import nibble.quant.fold.ScaleEdges;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SiteMagnitudes;
import nibble.quant.observer.ChannelMagnitudes;
import nibble.tensor.Tensor;

/** CBQ's treatment of outliers before anything is learned. */
final class Preprocessing {
  private Preprocessing() {}

  /**
   * Scales outlier channels of activations down, exactly: {@code s_j = sqrt(max|x_j| / T)} where
   * {@code max|x_j|} is an outlier among the channels of its site. The scales go through norms,
   * values and feed-forward layers as far as the model lets them.
   *
   * @return number of channels that were scaled
   */
  static int scaleChannels(ModelTask task) {
    List<ScaleEdge> edges = new ArrayList<>();
    for (List<? extends ScaleEdge> kind :
        List.of(
            norms(task.model()),
            ScaleEdges.values(task.model()),
            ScaleEdges.feedForwards(task.model()))) {
      kind.stream()
          .filter(
              edge ->
                  edge.readers().stream()
                      .anyMatch(linear -> task.activations(linear.input()).isPresent()))
          .forEach(edges::add);
    }
    List<Site> sites = edges.stream().map(edge -> edge.readers().getFirst().input()).toList();
    Map<Site, ChannelMagnitudes> sizes =
        SiteMagnitudes.measure(task.ops(), task.model(), task.samples().inputs(), sites);
    int scaled = 0;
    for (ScaleEdge edge : edges) {
      ChannelMagnitudes x = sizes.get(edge.readers().getFirst().input());
      if (x == null) {
        throw new IllegalStateException("'" + edge.name() + "' was not measured");
      }
      scaled += scale(edge, x.largest());
    }
    return scaled;
  }

  private static List<? extends ScaleEdge> norms(Model model) {
    return ScaleEdges.norms(model);
  }

  private static int scale(ScaleEdge edge, float[] largest) {
    Outliers outliers = Outliers.of(largest);
    float[] factors = new float[edge.factors()];
    Arrays.fill(factors, 1);
    int scaled = 0;
    for (int j = 0; j < largest.length && outliers.threshold() > 0; j++) {
      if (outliers.count() > 0 && largest[j] > outliers.bound()) {
        float factor = (float) Math.sqrt(outliers.threshold() / largest[j]);
        factors[edge.factorOf(j)] = Math.min(factors[edge.factorOf(j)], factor);
        scaled++;
      }
    }
    if (scaled > 0) {
      edge.scale(factors);
    }
    return scaled;
  }

  /**
   * Cuts the outliers of a weight off at the largest weight that is none.
   *
   * @return number of weights that were cut
   */
  static int truncate(Linear linear) {
    float[] w = linear.weight().peek().toFloats();
    Outliers outliers = Outliers.of(w);
    if (outliers.count() > 0) {
      for (int i = 0; i < w.length; i++) {
        w[i] = Math.clamp(w[i], -outliers.bound(), outliers.bound());
      }
      linear.setWeight(Tensor.of(w, linear.out(), linear.in()));
    }
    return outliers.count();
  }
}
