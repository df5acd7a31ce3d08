package nibble.quant.recipe;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;

/** One thing a recipe does. Steps are values: equal if they do the same. */
public sealed interface RecipeStep {

  /**
   * Rotates the model by randomized Hadamard matrices, which changes no output.
   *
   * @param seed of the random signs
   * @param kinds at least one
   */
  record Rotate(long seed, Set<RotationKind> kinds) implements RecipeStep {
    public Rotate {
      if (kinds.isEmpty()) {
        throw new IllegalArgumentException(
            "a rotation needs at least one of residual, head, mlp, keys");
      }
      kinds = Collections.unmodifiableSet(new TreeSet<>(kinds));
    }
  }

  /**
   * Chooses codes for the weights of linear layers.
   *
   * @param method a name of the catalogue
   * @param options values by option name; numbers are {@link Long} or {@link Double}, the rest
   *     {@link Boolean} or {@link String}
   * @param rules for layers by name, over the scheme
   */
  record QuantizeWeights(
      String method, Map<String, Object> options, WeightScheme scheme, SiteRules rules)
      implements RecipeStep {
    public QuantizeWeights {
      Map<String, Object> plain = new LinkedHashMap<>();
      options.forEach((key, value) -> plain.put(key, RecipeTree.scalar(key, value)));
      options = Collections.unmodifiableMap(plain);
    }

    /** With default options, for all layers. */
    public static QuantizeWeights of(String method, WeightScheme scheme) {
      return new QuantizeWeights(method, Map.of(), scheme, SiteRules.NONE);
    }

    /** The same with a rule that wins over the others. */
    public QuantizeWeights with(String pattern, SiteRule rule) {
      return new QuantizeWeights(method, options, scheme, rules.with(pattern, rule));
    }

    /** The same with an option set. */
    public QuantizeWeights withOption(String name, Object value) {
      Map<String, Object> more = new LinkedHashMap<>(options);
      more.put(name, value);
      return new QuantizeWeights(method, more, scheme, rules);
    }

    /** The scheme of a layer; empty where it stays in float. */
    public Optional<WeightScheme> schemeFor(String layer) {
      return switch (rules.of(layer).orElse(new SiteRule.Bits(scheme.format().bits()))) {
        case SiteRule.KeepFloat() -> Optional.empty();
        case SiteRule.Bits(int bits) -> Optional.of(scheme.withBits(bits));
        case SiteRule.PerChannel() ->
            Optional.of(scheme.withGranularity(new Granularity.PerChannel()));
      };
    }
  }

  /**
   * Quantizes the inputs of linear layers.
   *
   * @param observer what finds static scales: {@code minmax}, {@code percentile} or {@code mse};
   *     unused for dynamic ones
   * @param rules for sites by name, over the scheme
   */
  record QuantizeActivations(ActivationScheme scheme, ObserverKind observer, SiteRules rules)
      implements RecipeStep {

    /** For all inputs, static scales by the squared error. */
    public static QuantizeActivations of(ActivationScheme scheme) {
      return new QuantizeActivations(scheme, ObserverKind.MSE, SiteRules.NONE);
    }

    /** The same with a rule that wins over the others. */
    public QuantizeActivations with(String pattern, SiteRule rule) {
      return new QuantizeActivations(scheme, observer, rules.with(pattern, rule));
    }

    /** The scheme of a site; empty where it stays in float. */
    public Optional<ActivationScheme> schemeFor(String site) {
      return switch (rules.of(site).orElse(new SiteRule.Bits(scheme.format().bits()))) {
        case SiteRule.KeepFloat() -> Optional.empty();
        case SiteRule.PerChannel() -> Optional.of(scheme);
        case SiteRule.Bits(int bits) ->
            Optional.of(
                new ActivationScheme(
                    new IntFormat(bits, scheme.format().symmetry()),
                    scheme.granularity(),
                    scheme.timing(),
                    scheme.clipRatio()));
      };
    }
  }

  /**
   * Applies a method that works on a whole model: it quantizes weights and activations itself, or
   * mends what the steps before it did.
   *
   * @param method a name of the catalogue
   * @param options values by option name; numbers are {@link Long} or {@link Double}, the rest
   *     {@link Boolean} or {@link String}
   * @param scheme bits of weights and activations
   * @param rules for layers and sites by name, over the scheme
   */
  record ApplyMethod(String method, Map<String, Object> options, Scheme scheme, SiteRules rules)
      implements RecipeStep {
    public ApplyMethod {
      Map<String, Object> plain = new LinkedHashMap<>();
      options.forEach((key, value) -> plain.put(key, RecipeTree.scalar(key, value)));
      options = Collections.unmodifiableMap(plain);
    }

    /** With default options, for all layers and sites. */
    public static ApplyMethod of(String method, Scheme scheme) {
      return new ApplyMethod(method, Map.of(), scheme, SiteRules.NONE);
    }

    /** The same with a rule that wins over the others. */
    public ApplyMethod with(String pattern, SiteRule rule) {
      return new ApplyMethod(method, options, scheme, rules.with(pattern, rule));
    }

    /** The same with an option set. */
    public ApplyMethod withOption(String name, Object value) {
      Map<String, Object> more = new LinkedHashMap<>(options);
      more.put(name, value);
      return new ApplyMethod(method, more, scheme, rules);
    }
  }
}
