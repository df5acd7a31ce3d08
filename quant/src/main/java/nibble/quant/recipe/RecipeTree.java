package nibble.quant.recipe;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import nibble.quant.format.Scheme;

/** Recipes as trees. */
final class RecipeTree {
  private static final String STEP = "step";
  private static final String ROTATE = "rotate";
  private static final String WEIGHTS = "quantize-weights";
  private static final String ACTIVATIONS = "quantize-activations";
  private static final String METHOD = "apply-method";

  private RecipeTree() {}

  static Map<String, Object> write(Recipe recipe) {
    List<Object> steps = new ArrayList<>();
    recipe.steps().forEach(step -> steps.add(Collections.unmodifiableMap(write(step))));
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("version", (long) Recipe.VERSION);
    tree.put("steps", Collections.unmodifiableList(steps));
    return Collections.unmodifiableMap(tree);
  }

  private static Map<String, Object> write(RecipeStep step) {
    Map<String, Object> tree = new LinkedHashMap<>();
    switch (step) {
      case RecipeStep.Rotate(long seed, Set<RotationKind> kinds) -> {
        tree.put(STEP, ROTATE);
        tree.put("seed", seed);
        tree.put("kinds", kinds.stream().map(RotationKind::word).toList());
      }
      case RecipeStep.QuantizeWeights weights -> {
        tree.put(STEP, WEIGHTS);
        tree.put("method", weights.method());
        tree.put("options", weights.options());
        tree.put("scheme", new Scheme(Optional.of(weights.scheme()), Optional.empty()).toString());
        tree.put("rules", weights.rules().toTree());
      }
      case RecipeStep.QuantizeActivations activations -> {
        tree.put(STEP, ACTIVATIONS);
        tree.put(
            "scheme", new Scheme(Optional.empty(), Optional.of(activations.scheme())).toString());
        tree.put("observer", activations.observer().word());
        tree.put("rules", activations.rules().toTree());
      }
      case RecipeStep.ApplyMethod method -> {
        tree.put(STEP, METHOD);
        tree.put("method", method.method());
        tree.put("options", method.options());
        tree.put("scheme", method.scheme().toString());
        tree.put("rules", method.rules().toTree());
      }
    }
    return tree;
  }

  static Recipe read(Map<String, ?> tree) {
    TreeReader root = new TreeReader("recipe", tree);
    root.onlyKeys("version", "steps");
    if (root.integer("version") != Recipe.VERSION) {
      throw new IllegalArgumentException(
          "recipe: version is %d, this program reads %d"
              .formatted(root.integer("version"), Recipe.VERSION));
    }
    List<RecipeStep> steps = new ArrayList<>();
    List<?> list = root.list("steps");
    for (int i = 0; i < list.size(); i++) {
      steps.add(readStep(TreeReader.of("recipe.steps[%d]".formatted(i), list.get(i))));
    }
    return new Recipe(steps);
  }

  private static RecipeStep readStep(TreeReader tree) {
    return switch (tree.string(STEP)) {
      case ROTATE -> {
        tree.onlyKeys(STEP, "seed", "kinds");
        yield new RecipeStep.Rotate(tree.integer("seed"), kinds(tree));
      }
      case WEIGHTS -> {
        tree.onlyKeys(STEP, "method", "options", "scheme", "rules");
        Scheme scheme = Scheme.parse(tree.string("scheme"));
        yield new RecipeStep.QuantizeWeights(
            tree.string("method"),
            tree.map("options"),
            scheme.weights().orElseThrow(() -> tree.bad("scheme", "weights of 2 to 8 bits")),
            SiteRules.ofTree(tree.map("rules")));
      }
      case ACTIVATIONS -> {
        tree.onlyKeys(STEP, "scheme", "observer", "rules");
        Scheme scheme = Scheme.parse(tree.string("scheme"));
        yield new RecipeStep.QuantizeActivations(
            scheme
                .activations()
                .orElseThrow(() -> tree.bad("scheme", "activations of 2 to 8 bits")),
            observer(tree),
            SiteRules.ofTree(tree.map("rules")));
      }
      case METHOD -> {
        tree.onlyKeys(STEP, "method", "options", "scheme", "rules");
        yield new RecipeStep.ApplyMethod(
            tree.string("method"),
            tree.map("options"),
            Scheme.parse(tree.string("scheme")),
            SiteRules.ofTree(tree.map("rules")));
      }
      default ->
          throw tree.bad(STEP, "one of " + String.join(", ", ROTATE, WEIGHTS, ACTIVATIONS, METHOD));
    };
  }

  private static Set<RotationKind> kinds(TreeReader tree) {
    Set<RotationKind> kinds = EnumSet.noneOf(RotationKind.class);
    for (Object word : tree.list("kinds")) {
      RotationKind found = null;
      for (RotationKind kind : RotationKind.values()) {
        found = kind.word().equals(word) ? kind : found;
      }
      if (found == null) {
        throw tree.bad("kinds", "a list of residual, head, mlp, keys");
      }
      kinds.add(found);
    }
    return kinds;
  }

  private static ObserverKind observer(TreeReader tree) {
    for (ObserverKind kind : ObserverKind.values()) {
      if (kind.word().equals(tree.string("observer"))) {
        return kind;
      }
    }
    throw tree.bad("observer", "one of minmax, percentile, mse");
  }

  /**
   * An option's value with one type for each kind of number, so that equal recipes are equal
   * however they were read.
   */
  static Object scalar(String key, Object value) {
    return switch (value) {
      case Boolean b -> b;
      case String s -> s;
      case Number n
          when n.doubleValue() == Math.rint(n.doubleValue())
              && Math.abs(n.doubleValue()) < 0x1p53 ->
          n.longValue();
      case Number n -> n.doubleValue();
      default ->
          throw new IllegalArgumentException(
              "option %s is %s, expected a number, a word, true or false".formatted(key, value));
    };
  }
}
