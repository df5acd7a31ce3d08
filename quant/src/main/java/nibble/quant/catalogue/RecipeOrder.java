package nibble.quant.catalogue;

import nibble.quant.model.MethodPlace;
import nibble.quant.recipe.Recipe;
import nibble.quant.recipe.RecipeStep;

/**
 * The order of steps: those that prepare, then what quantizes (once, or not at all where the model
 * is to stay in float), then those that mend.
 */
final class RecipeOrder {
  private final MethodCatalogue catalogue;
  private String quantizing = "";
  private String mending = "";
  private String mendingCodes = "";
  private boolean weightStep;
  private boolean activationStep;

  private RecipeOrder(MethodCatalogue catalogue) {
    this.catalogue = catalogue;
  }

  /**
   * Checks it.
   *
   * @throws IllegalArgumentException at the first step that stands wrong; the message says where it
   *     belongs
   */
  static void check(MethodCatalogue catalogue, Recipe recipe) {
    RecipeOrder order = new RecipeOrder(catalogue);
    recipe.steps().forEach(order::next);
    if (order.quantizing.isEmpty() && !order.mendingCodes.isEmpty()) {
      throw new IllegalArgumentException(
          "the recipe begins to mend with '%s' before anything is quantized; put a method that quantizes in front of it"
              .formatted(order.mendingCodes));
    }
    if (order.activationStep && !order.weightStep) {
      throw new IllegalArgumentException(
          "the recipe quantizes activations but no weights; no kernel executes that");
    }
  }

  private void next(RecipeStep step) {
    switch (step) {
      case RecipeStep.Rotate rotate -> prepare("a rotation");
      case RecipeStep.QuantizeWeights weights -> {
        quantize(weights.method(), weightStep || (!quantizing.isEmpty() && !activationStep));
        weightStep = true;
      }
      case RecipeStep.QuantizeActivations activations -> {
        quantize(
            weightStep ? quantizing : "quantize-activations",
            activationStep || (!quantizing.isEmpty() && !weightStep));
        activationStep = true;
      }
      case RecipeStep.ApplyMethod apply -> apply(apply);
    }
  }

  private void apply(RecipeStep.ApplyMethod step) {
    String method = step.method();
    switch (catalogue.place(method)) {
      case MethodPlace.PREPARE -> prepare(method);
      case MethodPlace.QUANTIZE -> quantize(method, !quantizing.isEmpty());
      case MethodPlace.MEND ->
          mend(method, catalogue.modelMethod(method, step.options()).mendsFloat());
    }
  }

  private void prepare(String name) {
    if (!quantizing.isEmpty() || !mending.isEmpty()) {
      throw new IllegalArgumentException(
          "the recipe prepares with %s after %s; put it in front"
              .formatted(name, quantizing.isEmpty() ? mending : quantizing));
    }
  }

  private void quantize(String name, boolean again) {
    if (again) {
      throw new IllegalArgumentException(
          "the recipe quantizes again with %s after %s did; leave one of them out"
              .formatted(name, quantizing));
    }
    if (!mending.isEmpty()) {
      throw new IllegalArgumentException(
          "the recipe begins to mend with '%s' before anything is quantized; put it behind %s"
              .formatted(mending, name));
    }
    quantizing = name;
  }

  private void mend(String name, boolean mendsFloat) {
    if (mending.isEmpty()) {
      mending = name;
    }
    if (mendingCodes.isEmpty() && !mendsFloat) {
      mendingCodes = name;
    }
  }
}
