package nibble.quant.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import nibble.kernels.lowbit.IntWeights;
import nibble.nn.Embedding;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.layerwise.LayerPlan;
import nibble.quant.method.WeightMethod;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.SchemePlan;
import nibble.quant.recipe.ObserverKind;
import nibble.quant.recipe.Recipe;
import nibble.quant.recipe.RecipeStep;
import nibble.quant.recipe.SiteRules;

/**
 * What a recipe does to the layers of a model, and what it needs for that. Reads models, changes
 * none.
 */
public final class RecipePlan {
  private final MethodCatalogue catalogue;
  private final Recipe recipe;
  private final UnaryOperator<WeightMethod> wrapper;

  /**
   * @param wrapper put around every weight method
   */
  RecipePlan(MethodCatalogue catalogue, Recipe recipe, UnaryOperator<WeightMethod> wrapper) {
    this.catalogue = catalogue;
    this.recipe = recipe;
    this.wrapper = wrapper;
  }

  ModelMethod method(RecipeStep.ApplyMethod step) {
    return catalogue.modelMethod(step.method(), step.options());
  }

  Stream<RecipeStep.ApplyMethod> modelSteps() {
    return recipe.steps().stream()
        .filter(RecipeStep.ApplyMethod.class::isInstance)
        .map(RecipeStep.ApplyMethod.class::cast);
  }

  /** Whether calibration data is needed. */
  public boolean needsCalibration(Model model) {
    return dataNeed() != DataNeed.NONE
        || model.linears().stream()
            .map(this::of)
            .flatMap(Optional::stream)
            .anyMatch(LayerPlan::needsCalibration);
  }

  /** What methods for whole models must see: the most that one of them needs. */
  public DataNeed dataNeed() {
    return modelSteps()
        .map(step -> method(step).needs())
        .max(Enum::compareTo)
        .orElse(DataNeed.NONE);
  }

  /** Estimated work of methods for whole models, in forward passes of one sample. */
  public double passes(int samples) {
    return modelSteps().mapToDouble(step -> method(step).passes(samples)).sum();
  }

  /**
   * Rules that match no layer or site of {@code model}, most likely misspelt.
   *
   * @return the patterns; empty if all match
   */
  public List<String> unusedRules(Model model) {
    List<String> layers =
        Stream.concat(
                model.linears().stream().map(Linear::name),
                model.tables().stream().map(Embedding::name))
            .toList();
    List<String> sites = model.sites().all().stream().map(Site::name).toList();
    List<String> unused = new ArrayList<>();
    for (RecipeStep step : recipe.steps()) {
      switch (step) {
        case RecipeStep.QuantizeWeights w -> unused.addAll(w.rules().unused(layers));
        case RecipeStep.QuantizeActivations a ->
            unused.addAll(
                a.rules().unused(model.linears().stream().map(l -> l.input().name()).toList()));
        case RecipeStep.ApplyMethod m ->
            unused.addAll(
                m.rules().unused(Stream.concat(layers.stream(), sites.stream()).toList()));
        case RecipeStep.Rotate r -> {}
      }
    }
    unused.removeAll(Presets.EDGES);
    return unused;
  }

  /** The bits that the quantizing step gives to layers and sites, whichever kind of step it is. */
  SchemePlan schemes() {
    Optional<WeightScheme> weights = Optional.empty();
    Optional<ActivationScheme> activations = Optional.empty();
    SiteRules weightRules = SiteRules.NONE;
    SiteRules siteRules = SiteRules.NONE;
    for (RecipeStep step : recipe.steps()) {
      switch (step) {
        case RecipeStep.QuantizeWeights w -> {
          weights = Optional.of(w.scheme());
          weightRules = w.rules();
        }
        case RecipeStep.QuantizeActivations a -> {
          activations = Optional.of(a.scheme());
          siteRules = a.rules();
        }
        case RecipeStep.ApplyMethod apply when method(apply).place() == MethodPlace.QUANTIZE -> {
          return new SchemePlan(apply.scheme(), apply.rules());
        }
        case RecipeStep.ApplyMethod apply -> {}
        case RecipeStep.Rotate rotate -> {}
      }
    }
    return new SchemePlan(new Scheme(weights, activations), weightRules, siteRules);
  }

  /**
   * What the recipe does to {@code linear} layer by layer; empty leaves it in float, or to a method
   * for whole models.
   */
  public Optional<LayerPlan> of(Linear linear) {
    WeightMethod method = null;
    Optional<WeightScheme> weights = Optional.empty();
    Optional<ActivationScheme> activations = Optional.empty();
    ObserverKind observer = ObserverKind.MSE;
    for (RecipeStep step : recipe.steps()) {
      switch (step) {
        case RecipeStep.QuantizeWeights w -> {
          method = wrapper.apply(catalogue.method(w.method(), w.options()));
          weights = w.schemeFor(linear.name());
        }
        case RecipeStep.QuantizeActivations a -> {
          activations = a.schemeFor(linear.input().name());
          observer = a.observer();
        }
        case RecipeStep.ApplyMethod m -> {}
        case RecipeStep.Rotate r -> {}
      }
    }
    return method == null || weights.isEmpty()
        ? Optional.empty()
        : Optional.of(new LayerPlan(method, weights.get(), activations, observer));
  }

  /**
   * The scheme of a table of word vectors, which is rounded to nearest; empty leaves it in float,
   * as without a rule that matches its name.
   */
  public Optional<WeightScheme> of(Embedding table) {
    Optional<WeightScheme> scheme = Optional.empty();
    for (RecipeStep step : recipe.steps()) {
      if (step instanceof RecipeStep.QuantizeWeights w) {
        scheme = w.rules().of(table.name()).flatMap(rule -> w.schemeFor(table.name()));
      }
    }
    return scheme;
  }

  /** What the recipe does to {@code table}; empty where it stays in float. For a dry run. */
  public Optional<PlannedLayer> planned(Embedding table) {
    return of(table).map(scheme -> Tables.planned(table, scheme));
  }

  /**
   * What the recipe does to {@code linear}, whoever does it; empty where the layer stays in float.
   * For a dry run.
   */
  public Optional<PlannedLayer> planned(Linear linear) {
    Optional<LayerPlan> plan = of(linear);
    if (plan.isPresent()) {
      LayerPlan p = plan.get();
      long bytes = p.method().packedBytes(linear.out(), linear.in(), p.weights());
      return Optional.of(
          new PlannedLayer(
              p.method().name(), p.weights(), p.activations(), bytes, p.needsCalibration()));
    }
    return modelSteps()
        .filter(step -> method(step).place() == MethodPlace.QUANTIZE)
        .findFirst()
        .flatMap(step -> planned(step, linear));
  }

  private Optional<PlannedLayer> planned(RecipeStep.ApplyMethod step, Linear linear) {
    SchemePlan schemes = new SchemePlan(step.scheme(), step.rules());
    return schemes
        .weights(linear)
        .map(
            w ->
                new PlannedLayer(
                    step.method(),
                    w,
                    schemes.activations(linear.input()),
                    IntWeights.packedBytes(
                        linear.out(), linear.in(), w.format().bits(), linear.in(), true),
                    method(step).needs() != DataNeed.NONE));
  }
}
