package nibble.quant.tuning;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.quant.format.ActivationScheme;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.ModelTask;

/**
 * The quantization of a task, simulated with gradients: weights rounded to nearest in their sites,
 * inputs of linear layers rounded in theirs. A site whose readers do not all have quantized weights
 * stays in float, as in packed execution.
 */
public final class SimulatedQuantization implements AutoCloseable {
  private final Map<Site, SiteFunction> installed = new LinkedHashMap<>();

  private SimulatedQuantization() {}

  /**
   * Appends the functions to the sites of the task's model.
   *
   * @param weights whether weights are rounded; otherwise they stay in float, as where GPTQ will
   *     choose the codes
   * @param ranges whether gradients pass the ranges of grids, not only the rounding
   */
  public static SimulatedQuantization install(ModelTask task, boolean weights, boolean ranges) {
    SimulatedQuantization simulation = new SimulatedQuantization();
    if (weights) {
      for (Linear linear : task.model().linears()) {
        task.weights(linear)
            .ifPresent(
                scheme ->
                    simulation.append(
                        linear.weightSite(),
                        new StraightThroughWeight(linear.name(), scheme, ranges)));
      }
    }
    for (ActivationSite site : ActivationSite.of(task.model())) {
      boolean packed =
          !site.readers().isEmpty()
              && site.readers().stream().allMatch(l -> task.weights(l).isPresent());
      Optional<ActivationScheme> scheme = packed ? task.activations(site.site()) : Optional.empty();
      scheme.ifPresent(
          s ->
              simulation.append(
                  site.site(), new StraightThroughActivation(site.name(), s, ranges)));
    }
    return simulation;
  }

  private void append(Site site, SiteFunction function) {
    site.append(function);
    installed.put(site, function);
  }

  /** Whether nothing is rounded. */
  public boolean isEmpty() {
    return installed.isEmpty();
  }

  /** Takes the functions out again. */
  @Override
  public void close() {
    installed.forEach(Site::remove);
    installed.clear();
  }
}
