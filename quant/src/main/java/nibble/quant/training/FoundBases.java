package nibble.quant.training;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import nibble.nn.Site;
import nibble.nn.site.LevelQuantizer;
import nibble.quant.fisher.AttentionSamples;
import nibble.quant.fisher.ProductSamples;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleBatches;
import nibble.quant.range.LogGrid;
import nibble.quant.range.SoftmaxBase;

/**
 * Logarithmic grids of attention probabilities whose base is found for each layer, see {@link
 * SoftmaxBase}.
 */
final class FoundBases {
  private static final int BATCH = 8;

  /** Maps that a base is judged on, as AdaLog does by default. */
  private static final int MAPS = 16;

  private FoundBases() {}

  /**
   * For every site of probabilities that the task quantizes with such bits; one of the codes is
   * zero.
   *
   * @param images that bases are found with
   */
  static Map<Site, LevelQuantizer> of(ModelTask task, int images, IntPredicate bits) {
    Map<Site, LevelQuantizer> bases = new LinkedHashMap<>();
    List<ActivationSite> sites =
        ActivationSite.of(task.model()).stream()
            .filter(
                site ->
                    site.role() == ActivationSite.Role.PROBABILITIES
                        && task.bits(site.site()).stream().anyMatch(bits))
            .toList();
    if (sites.isEmpty()) {
      return bases;
    }
    ProductSamples samples =
        ProductSamples.forward(
            task.ops(),
            task.model(),
            SampleBatches.of(task.samples(), images, BATCH),
            1, // of the inputs of linear layers, which nobody looks at
            MAPS);
    try (var inference = task.ops().noGrad()) {
      for (ActivationSite site : sites) {
        AttentionSamples maps = samples.ofProbabilities(site.site()).orElseThrow();
        bases.put(
            site.site(),
            SoftmaxBase.fit(
                task.ops(),
                task.bits(site.site()).orElseThrow(),
                maps.probabilities(),
                maps.value(),
                LogGrid.Zero.RESERVED));
      }
    }
    return bases;
  }
}
