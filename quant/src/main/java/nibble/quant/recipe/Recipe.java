package nibble.quant.recipe;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import nibble.quant.format.Scheme;

/**
 * Steps in the order they are applied. A recipe becomes a tree of maps, lists, strings, numbers and
 * booleans and back, and so JSON; keys are stable and unknown ones are errors.
 */
public record Recipe(List<RecipeStep> steps) {
  /** Version of the tree that {@link #toTree} writes. */
  public static final int VERSION = 1;

  public Recipe {
    steps = List.copyOf(steps);
  }

  public static Recipe of(RecipeStep... steps) {
    return new Recipe(List.of(steps));
  }

  /**
   * The recipe of one method and scheme, as {@code --method gptq --scheme W4A4} asks for it.
   *
   * @param options values, or texts of values, by option name
   */
  public static Recipe of(String method, Map<String, ?> options, Scheme scheme) {
    Optional<RecipeStep> weights =
        scheme
            .weights()
            .map(
                w -> {
                  RecipeStep.QuantizeWeights step = RecipeStep.QuantizeWeights.of(method, w);
                  for (Map.Entry<String, ?> option : options.entrySet()) {
                    step = step.withOption(option.getKey(), option.getValue());
                  }
                  return (RecipeStep) step;
                });
    Optional<RecipeStep> activations = scheme.activations().map(RecipeStep.QuantizeActivations::of);
    return new Recipe(Stream.of(weights, activations).flatMap(Optional::stream).toList());
  }

  /** The scheme of its last steps that quantize weights and activations, rules left aside. */
  public Scheme scheme() {
    Scheme result = new Scheme(Optional.empty(), Optional.empty());
    for (RecipeStep step : steps) {
      Scheme scheme = result;
      result =
          switch (step) {
            case RecipeStep.Rotate rotate -> scheme;
            case RecipeStep.QuantizeWeights weights ->
                new Scheme(Optional.of(weights.scheme()), scheme.activations());
            case RecipeStep.QuantizeActivations activations ->
                new Scheme(scheme.weights(), Optional.of(activations.scheme()));
            case RecipeStep.ApplyMethod method ->
                new Scheme(
                    method.scheme().weights().or(scheme::weights),
                    method.scheme().activations().or(scheme::activations));
          };
    }
    return result;
  }

  /** An unmodifiable tree: maps keep the order of their keys. */
  public Map<String, Object> toTree() {
    return RecipeTree.write(this);
  }

  /**
   * The recipe that a tree stands for. Numbers may be of any type.
   *
   * @throws IllegalArgumentException if a key is missing, unknown or of the wrong type; the message
   *     says where, and what was expected
   */
  public static Recipe ofTree(Map<String, ?> tree) {
    return RecipeTree.read(tree);
  }
}
