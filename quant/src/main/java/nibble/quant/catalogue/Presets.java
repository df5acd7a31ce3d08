package nibble.quant.catalogue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import nibble.quant.bcq.Bcq;
import nibble.quant.bcq.BcqOptions;
import nibble.quant.format.Granularity;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.MethodOption;
import nibble.quant.method.NearMatches;
import nibble.quant.method.WeightMethod;
import nibble.quant.model.MethodPlace;
import nibble.quant.recipe.ObserverKind;
import nibble.quant.recipe.Recipe;
import nibble.quant.recipe.RecipeStep;
import nibble.quant.recipe.RotationKind;
import nibble.quant.recipe.SiteRule;
import nibble.quant.recipe.SiteRules;
import org.jspecify.annotations.Nullable;

/**
 * Recipes by short names: parts joined by {@code +}, in the order of {@link
 * nibble.quant.model.MethodPlace}. Any number of methods that prepare ({@code hadamard}, {@code
 * smoothquant}), one that quantizes ({@code gptq}), any number that mend ({@code qwt}). Where none
 * quantizes, the one that the preparing methods ask for does: {@code quarot} is {@code
 * hadamard+gptq}, {@code quarot+adaround} is {@code hadamard+adaround}. With the scheme W16A16 and
 * methods that prepare or quantize the key-value cache alone, the weights stay in float.
 *
 * <p>The patch embedding and the head have 8 bits by default, as most papers do it; the option
 * {@code edge-bits} sets another number, {@code edge-bits=16} leaves them in float, {@code
 * edge-bits=same} gives them the bits of the scheme. Word vectors of text models stay in float
 * unless the option {@code embedding-bits} gives them a number, 2 to 8; they are rounded to
 * nearest. {@code per-channel=PATTERN,...} gives layers one scale for each output channel, where
 * the group size of the scheme does not divide their width. The option {@code rotations} says what
 * {@code hadamard} rotates: residual, head, mlp (all three by default), keys. The option {@code
 * keep=PATTERN,...} leaves layers in float; the option {@code observer} (minmax, percentile, mse)
 * chooses how static activation scales are found. All other options go to the methods that have
 * them.
 */
public final class Presets {
  /** Patterns of the layers at both ends of a model; not every model has a layer for each. */
  public static final List<String> EDGES = List.of("patch_embed*", "head*");

  /** Name of the table of word vectors of text models. */
  private static final String TABLE = "embed";

  private static final int EDGE_DEFAULT = 8;
  private static final int FLOAT_BITS = 16;
  private static final Scheme NO_SCHEME = new Scheme(Optional.empty(), Optional.empty());

  private Presets() {}

  /**
   * The recipe of {@code method} at {@code scheme}.
   *
   * @param options texts of values by option name
   * @param seed of the rotation
   * @throws IllegalArgumentException if the method, an option or a value is not known, or nothing
   *     would be quantized
   */
  public static Recipe recipe(
      MethodCatalogue catalogue,
      String method,
      Map<String, String> options,
      Scheme scheme,
      long seed) {
    Map<String, String> rest = new LinkedHashMap<>(options);
    MethodName name =
        MethodName.parse(catalogue, method.toLowerCase(Locale.ROOT), scheme.weights().isPresent());
    if (scheme.weights().isEmpty()
        && (scheme.activations().isPresent() || !name.keepsFloat(catalogue))) {
      throw new IllegalArgumentException(
          "scheme '" + scheme + "' leaves the weights in float; there is nothing to quantize");
    }
    SiteRules rules = edgeRules(rest.remove("edge-bits"), scheme);
    SiteRules tableRules = tableRules(rest.remove("embedding-bits"));
    SiteRules channelRules = channelRules(rest.remove("per-channel"));
    SiteRules keepRules = rules(rest.remove("keep"), SiteRule.keepFloat());
    Set<RotationKind> rotations = rotations(rest.remove("rotations"), name);
    @Nullable String observerWord = rest.remove("observer");
    if (observerWord != null && name.noWeightMethod(catalogue)) {
      throw new IllegalArgumentException(
          "option observer is for weight methods; %s finds its ranges itself".formatted(name));
    }
    if (!tableRules.entries().isEmpty() && name.noWeightMethod(catalogue)) {
      throw new IllegalArgumentException(
          "option embedding-bits is for weight methods, %s is none".formatted(name));
    }
    boolean grouped =
        scheme.weights().map(w -> w.granularity() instanceof Granularity.PerGroup).orElse(false);
    if (!channelRules.entries().isEmpty() && !grouped && name.noWeightMethod(catalogue)) {
      throw new IllegalArgumentException(
          "option per-channel is for schemes with a group size, '%s' has none".formatted(scheme));
    }
    Steps steps =
        new Steps(
            catalogue,
            scheme,
            with(with(rules, channelRules), keepRules),
            with(with(with(rules, tableRules), channelRules), keepRules),
            rules,
            observer(observerWord),
            rotations,
            seed);
    checkKnown(name, catalogue, rest);
    return new Recipe(
        name.parts().stream().flatMap(part -> steps.of(part, rest).stream()).toList());
  }

  private static Set<RotationKind> rotations(@Nullable String words, MethodName name) {
    if (words == null) {
      return EnumSet.of(RotationKind.RESIDUAL, RotationKind.HEAD, RotationKind.MLP);
    }
    if (!name.parts().contains(MethodName.HADAMARD)) {
      throw new IllegalArgumentException(
          "option rotations is for hadamard and quarot, %s is neither".formatted(name));
    }
    Set<RotationKind> kinds = EnumSet.noneOf(RotationKind.class);
    for (String word : words.split("[,/]", -1)) {
      kinds.add(
          Arrays.stream(RotationKind.values())
              .filter(kind -> kind.word().equals(word.strip()))
              .findFirst()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "option rotations has '%s', expected some of residual, head, mlp, keys with commas"
                              .formatted(word))));
    }
    return kinds;
  }

  private static SiteRules with(SiteRules rules, SiteRules more) {
    SiteRules all = rules;
    for (SiteRules.Entry entry : more.entries()) {
      all = all.with(entry.pattern().text(), entry.rule());
    }
    return all;
  }

  /**
   * The steps of one part of a name.
   *
   * @param modelRules for methods that quantize a whole model
   * @param weightRules for weight methods
   * @param inputRules for the inputs of their layers
   */
  private record Steps(
      MethodCatalogue catalogue,
      Scheme scheme,
      SiteRules modelRules,
      SiteRules weightRules,
      SiteRules inputRules,
      ObserverKind observer,
      Set<RotationKind> rotations,
      long seed) {
    List<RecipeStep> of(String part, Map<String, String> options) {
      if (part.equals(MethodName.HADAMARD)) {
        return List.of(new RecipeStep.Rotate(seed, rotations));
      }
      Map<String, Object> own = optionsOf(catalogue.card(part), options);
      if (catalogue.isModelMethod(part)) {
        boolean quantizes = catalogue.modelMethod(part, own).place() == MethodPlace.QUANTIZE;
        return List.of(
            new RecipeStep.ApplyMethod(
                part,
                own,
                quantizes ? scheme : NO_SCHEME,
                quantizes ? modelRules : SiteRules.NONE));
      }
      WeightMethod _ = catalogue.method(part, own);
      return weightSteps(part, own, scheme.weights().orElseThrow());
    }

    private List<RecipeStep> weightSteps(
        String part, Map<String, Object> own, WeightScheme weights) {
      checkBits(part, weights.format().bits());
      List<RecipeStep> steps = new ArrayList<>();
      steps.add(new RecipeStep.QuantizeWeights(part, own, weights, weightRules));
      scheme
          .activations()
          .ifPresent(a -> steps.add(new RecipeStep.QuantizeActivations(a, observer, inputRules)));
      return steps;
    }
  }

  /** A rule for the table of word vectors. */
  private static SiteRules tableRules(@Nullable String tableBits) {
    return tableBits == null || tableBits(tableBits) == FLOAT_BITS
        ? SiteRules.NONE
        : SiteRules.NONE.with(TABLE, SiteRule.bits(tableBits(tableBits)));
  }

  /** Rules for layers that a group size does not divide. */
  private static SiteRules channelRules(@Nullable String perChannel) {
    return rules(perChannel, new SiteRule.PerChannel());
  }

  /** One rule for all of some patterns with commas. */
  private static SiteRules rules(@Nullable String patterns, SiteRule rule) {
    SiteRules rules = SiteRules.NONE;
    if (patterns != null && !patterns.equals("none")) {
      for (String pattern : patterns.split(",", -1)) {
        rules = rules.with(pattern.strip(), rule);
      }
    }
    return rules;
  }

  private static int tableBits(String text) {
    try {
      int bits = Integer.parseInt(text.strip());
      if (bits == FLOAT_BITS || (bits >= 2 && bits <= 8)) {
        return bits;
      }
    } catch (NumberFormatException _) {
      // reported below
    }
    throw new IllegalArgumentException(
        "option embedding-bits is '" + text + "', expected 2 to 8, or 16 (float)");
  }

  /** An option goes to every method that has it; one that none has is an error. */
  private static void checkKnown(
      MethodName name, MethodCatalogue catalogue, Map<String, String> options) {
    List<String> known =
        name.cards(catalogue).stream()
            .flatMap(card -> card.options().stream())
            .map(MethodOption::name)
            .distinct()
            .toList();
    for (String key : options.keySet()) {
      if (!known.contains(key)) {
        throw new IllegalArgumentException(
            "method %s has no option '%s'%s".formatted(name, key, NearMatches.hint(key, known)));
      }
    }
  }

  private static Map<String, Object> optionsOf(MethodCard card, Map<String, String> options) {
    Map<String, Object> own = new LinkedHashMap<>();
    for (MethodOption option : card.options()) {
      if (options.containsKey(option.name())) {
        own.put(option.name(), options.get(option.name()));
      }
    }
    return own;
  }

  private static void checkBits(String weightMethod, int bits) {
    if (weightMethod.equals(Bcq.CARD.name()) && bits > BcqOptions.MAX_PLANES) {
      throw new IllegalArgumentException(
          "bcq codes 2 to 4 bits, the scheme asks for "
              + bits
              + "; choose W2 to W4, or method rtn or gptq");
    }
  }

  private static SiteRules edgeRules(@Nullable String text, Scheme scheme) {
    if ("same".equals(text)) {
      return SiteRules.NONE;
    }
    int bits = text == null ? EDGE_DEFAULT : edgeBits(text);
    boolean wideAlready =
        scheme.weights().map(w -> w.format().bits() >= bits).orElse(true)
            && scheme.activations().map(a -> a.format().bits() >= bits).orElse(true);
    if (text == null && wideAlready) {
      return SiteRules.NONE;
    }
    SiteRule rule = bits == FLOAT_BITS ? SiteRule.keepFloat() : SiteRule.bits(bits);
    SiteRules rules = SiteRules.NONE;
    for (String edge : EDGES) {
      rules = rules.with(edge, rule);
    }
    return rules;
  }

  private static int edgeBits(String text) {
    try {
      int bits = Integer.parseInt(text.strip());
      if (bits == FLOAT_BITS || (bits >= 2 && bits <= 8)) {
        return bits;
      }
    } catch (NumberFormatException e) {
      throw badEdge(text);
    }
    throw badEdge(text);
  }

  private static IllegalArgumentException badEdge(String text) {
    return new IllegalArgumentException(
        "option edge-bits is '" + text + "', expected 2 to 8, 16 (float) or same");
  }

  private static ObserverKind observer(@Nullable String word) {
    if (word == null) {
      return ObserverKind.MSE;
    }
    for (ObserverKind kind : ObserverKind.values()) {
      if (kind.word().equals(word)) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "option observer is '" + word + "', expected minmax, percentile or mse");
  }
}
