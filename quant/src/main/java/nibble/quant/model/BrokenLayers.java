package nibble.quant.model;

import java.util.Comparator;
import java.util.List;

/**
 * Layers that lost much more than the others: candidates to be left in float.
 *
 * @param layers the worst first
 */
public record BrokenLayers(List<LayerResult> layers) {
  /** A layer is broken above this many times the median error of all layers ... */
  public static final double TIMES_MEDIAN = 3;

  /** ... if it is above this too ... */
  public static final double LEAST = 0.05;

  /** ... or above this in any case: half of the output is error. */
  public static final double ALWAYS = 0.5;

  public BrokenLayers {
    layers = List.copyOf(layers);
  }

  /** Those of all layers of a run. */
  public static BrokenLayers of(List<LayerResult> all) {
    double[] errors = all.stream().mapToDouble(LayerResult::error).sorted().toArray();
    double median = errors.length == 0 ? 0 : errors[errors.length / 2];
    double bound = Math.min(ALWAYS, Math.max(LEAST, TIMES_MEDIAN * median));
    return new BrokenLayers(
        all.stream()
            .filter(layer -> layer.error() > bound)
            .sorted(Comparator.comparingDouble(LayerResult::error).reversed())
            .toList());
  }

  /**
   * The option that leaves the first {@code count} of them in float: {@code
   * keep=layers.0.mlp.down,...}.
   */
  public String override(int count) {
    return "keep=" + String.join(",", layers.stream().limit(count).map(LayerResult::name).toList());
  }
}
