package nibble.quant.model;

import java.util.Optional;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.recipe.SiteRule;
import nibble.quant.recipe.SiteRules;

/**
 * Which bits every layer and site of a model gets.
 *
 * @param scheme bits of weights and activations
 * @param rules for layers by name, over the scheme: {@code head}
 * @param siteRules for sites by name, over the scheme: {@code *.probs}
 */
public record SchemePlan(Scheme scheme, SiteRules rules, SiteRules siteRules) {

  /** With the same rules for layers and sites. */
  public SchemePlan(Scheme scheme, SiteRules rules) {
    this(scheme, rules, rules);
  }

  /** The scheme of a layer's weight; empty where it stays in float. */
  public Optional<WeightScheme> weights(Linear linear) {
    boolean perChannel =
        rules.of(linear.name()).orElse(SiteRule.keepFloat()) instanceof SiteRule.PerChannel;
    return scheme
        .weights()
        .map(w -> perChannel ? w.withGranularity(new Granularity.PerChannel()) : w)
        .flatMap(w -> bits(rules, linear.name(), w.format().bits()).map(w::withBits));
  }

  /** The scheme of a site's tensor; empty where it stays in float. */
  public Optional<ActivationScheme> activations(Site site) {
    return scheme
        .activations()
        .flatMap(
            a ->
                bits(siteRules, site.name(), a.format().bits())
                    .map(
                        b ->
                            new ActivationScheme(
                                new IntFormat(b, a.format().symmetry()),
                                a.granularity(),
                                a.timing(),
                                a.clipRatio())));
  }

  private static Optional<Integer> bits(SiteRules rules, String name, int bits) {
    return switch (rules.of(name).orElse(new SiteRule.Bits(bits))) {
      case SiteRule.KeepFloat() -> Optional.empty();
      case SiteRule.PerChannel() -> Optional.of(bits);
      case SiteRule.Bits(int own) -> Optional.of(own);
    };
  }
}
