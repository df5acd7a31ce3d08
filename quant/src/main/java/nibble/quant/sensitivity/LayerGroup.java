package nibble.quant.sensitivity;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.quant.format.IntFormat;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.ModelTask;
import nibble.quant.recipe.SiteRule;
import nibble.quant.recipe.SiteRules;

/**
 * Linear layers that read one tensor and so get bits together: q, k and v, say.
 *
 * @param input what they read
 */
public record LayerGroup(Site input, List<Linear> linears) {
  public LayerGroup {
    linears = List.copyOf(linears);
  }

  /** Name of the input site. */
  public String name() {
    return input.name();
  }

  /** Number of weights. */
  public long weights() {
    return linears.stream().mapToLong(linear -> linear.weight().shape().size()).sum();
  }

  /**
   * All groups whose weights have the bits of the scheme; those that a rule gives others, such as
   * both ends of a model, take no part.
   */
  public static List<LayerGroup> of(ModelTask task) {
    int bits = bits(task);
    List<LayerGroup> groups = new ArrayList<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      List<Linear> readers = site.readers();
      if (!readers.isEmpty()
          && readers.stream()
              .allMatch(
                  linear ->
                      task.weights(linear).map(w -> w.format().bits() == bits).orElse(false))) {
        groups.add(new LayerGroup(site.site(), readers));
      }
    }
    return groups;
  }

  /** Bits of weights of the scheme. */
  public static int bits(ModelTask task) {
    return task.schemes()
        .scheme()
        .weights()
        .orElseThrow(
            () -> new IllegalArgumentException("a scheme without weights has nothing to allocate"))
        .format()
        .bits();
  }

  /**
   * The task with other bits for some groups: {@code changes} are added to the bits of weights and
   * of the input, within 2 to 8.
   *
   * @param changes by the names of groups
   */
  public static ModelTask withBits(
      ModelTask task, List<LayerGroup> groups, Map<String, Integer> changes) {
    SiteRules rules = task.schemes().rules();
    for (LayerGroup group : groups) {
      int change = changes.getOrDefault(group.name(), 0);
      if (change == 0) {
        continue;
      }
      for (Linear linear : group.linears) {
        rules = rules.with(linear.name(), SiteRule.bits(clamped(bits(task) + change)));
      }
      int activations = task.activations(group.input).map(a -> a.format().bits()).orElse(0);
      if (activations > 0) {
        rules = rules.with(group.name(), SiteRule.bits(clamped(activations + change)));
      }
    }
    return task.withRules(rules);
  }

  static int clamped(int bits) {
    return Math.clamp(bits, IntFormat.MIN_BITS, IntFormat.MAX_BITS);
  }
}
