package nibble.quant.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.method.WeightMethod;
import nibble.quant.recipe.ObserverKind;
import nibble.quant.recipe.Recipe;
import nibble.quant.recipe.RecipeStep;
import nibble.quant.recipe.RotationKind;
import nibble.quant.rotation.ModelRotation;
import nibble.quant.rotation.RotationOptions;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Applies a recipe to a model: rotations first, then weights and activations block by block.
 *
 * <p>The last weight step and the last activation step count. A layer whose weight stays in float keeps float activations too, since no
 * kernel multiplies integer activations with float weights.
 */
public final class RecipeRunner {
  private final MethodCatalogue catalogue;
  private final Recipe recipe;
  private final UnaryOperator<WeightMethod> wrapper;

  /** Without a wrapper around methods. */
  public RecipeRunner(MethodCatalogue catalogue, Recipe recipe) {
    this(catalogue, recipe, UnaryOperator.identity());
  }

  /**
   * @param wrapper put around every weight method, to remember codes for instance
   * @throws IllegalArgumentException if the recipe names a method or option that the catalogue does not have, rotates after it quantizes, or
   *     quantizes activations of float weights
   */
  public RecipeRunner(MethodCatalogue catalogue, Recipe recipe, UnaryOperator<WeightMethod> wrapper) {
    catalogue.check(recipe);
    checkOrder(recipe);
    this.catalogue = catalogue;
    this.recipe = recipe;
    this.wrapper = wrapper;
  }

  private static void checkOrder(Recipe recipe) {
    boolean quantized = false;
    for (RecipeStep step : recipe.steps()) {
      if (step instanceof RecipeStep.Rotate && quantized) {
        throw new IllegalArgumentException("the recipe rotates after it quantizes; put rotations first");
      }
      quantized |= !(step instanceof RecipeStep.Rotate);
    }
    if (recipe.scheme().activations().isPresent() && recipe.scheme().weights().isEmpty()) {
      throw new IllegalArgumentException("the recipe quantizes activations but no weights; no kernel executes that");
    }
  }

  /** Whether calibration data is needed. */
  public boolean needsCalibration(Model model) {
    return model.linears().stream().map(this::plan).flatMap(Optional::stream).anyMatch(LayerPlan::needsCalibration);
  }

  /**
   * Rules that match no layer or site of {@code model}, most likely misspelt.
   *
   * @return the patterns; empty if all match
   */
  public List<String> unusedRules(Model model) {
    List<String> unused = new ArrayList<>();
    for (RecipeStep step : recipe.steps()) {
      switch (step) {
        case RecipeStep.QuantizeWeights w -> unused.addAll(w.rules().unused(model.linears().stream().map(Linear::name).toList()));
        case RecipeStep.QuantizeActivations a -> unused.addAll(a.rules().unused(model.linears().stream().map(l -> l.input().name()).toList()));
        case RecipeStep.Rotate r -> {}
      }
    }
    return unused;
  }

  /** Rotates {@code model} as the recipe says; its function stays. */
  public void rotate(Model model) {
    for (RecipeStep step : recipe.steps()) {
      if (step instanceof RecipeStep.Rotate rotate) {
        ModelRotation.apply(
            model.requireResidualStructure(),
            new RotationOptions(
                rotate.kinds().contains(RotationKind.RESIDUAL),
                rotate.kinds().contains(RotationKind.HEAD),
                rotate.kinds().contains(RotationKind.MLP),
                RotationOptions.Stream.HADAMARD,
                rotate.seed()));
      }
    }
  }

  /**
   * Rotates and quantizes {@code model} in place.
   *
   * @param calibration input batches of the model; may be empty if {@link #needsCalibration} is false
   * @param listener is told about every layer
   */
  public List<LayerResult> run(Ops ops, Model model, List<Tensor> calibration, ModelQuantizer.Listener listener) {
    rotate(model);
    return new ModelQuantizer(ops, listener).quantize(model, this::plan, calibration);
  }

  /** What the recipe does to {@code linear}; empty leaves it in float. */
  public Optional<LayerPlan> plan(Linear linear) {
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
        case RecipeStep.Rotate r -> {}
      }
    }
    return method == null || weights.isEmpty() ? Optional.empty() : Optional.of(new LayerPlan(method, weights.get(), activations, observer));
  }
}
