package nibble.quant.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import nibble.nn.Embedding;
import nibble.nn.Model;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.layerwise.ModelQuantizer;
import nibble.quant.method.WeightMethod;
import nibble.quant.model.DataNeed;
import nibble.quant.model.LayerResult;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.recipe.Recipe;
import nibble.quant.recipe.RecipeStep;
import nibble.quant.recipe.RotationKind;
import nibble.quant.rotation.ModelRotation;
import nibble.quant.rotation.RotationOptions;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Applies a recipe to a model: first the steps that prepare (rotations and methods for whole
 * models), in their order; then the one that quantizes: weights and activations block by block, or
 * a method for whole models; then those that mend.
 *
 * <p>A layer whose weight stays in float keeps float activations too, since no kernel multiplies
 * integer activations with float weights.
 */
public final class RecipeRunner {
  private final Recipe recipe;
  private final RecipePlan plan;

  /** Without a wrapper around methods. */
  public RecipeRunner(MethodCatalogue catalogue, Recipe recipe) {
    this(catalogue, recipe, UnaryOperator.identity());
  }

  /**
   * @param wrapper put around every weight method, to remember codes for instance
   * @throws IllegalArgumentException if the recipe names a method or option that the catalogue does
   *     not have, prepares after it quantizes, quantizes twice, mends before it quantizes, or
   *     quantizes activations of float weights
   */
  public RecipeRunner(
      MethodCatalogue catalogue, Recipe recipe, UnaryOperator<WeightMethod> wrapper) {
    catalogue.check(recipe);
    catalogue.checkOrder(recipe);
    this.recipe = recipe;
    plan = new RecipePlan(catalogue, recipe, wrapper);
  }

  /** What the recipe does to layers, and needs for it. */
  public RecipePlan plan() {
    return plan;
  }

  private static void rotate(Model model, RecipeStep.Rotate rotate) {
    ModelRotation.apply(
        model,
        new RotationOptions(
            rotate.kinds().contains(RotationKind.RESIDUAL),
            rotate.kinds().contains(RotationKind.HEAD),
            rotate.kinds().contains(RotationKind.MLP),
            rotate.kinds().contains(RotationKind.KEYS),
            RotationOptions.Stream.HADAMARD,
            rotate.seed()));
  }

  /**
   * Rotates and quantizes {@code model} in place, by a recipe without methods for whole models.
   *
   * @param calibration batches of inputs; may be empty if {@link RecipePlan#needsCalibration} is
   *     false
   * @param listener is told about every layer
   * @throws IllegalArgumentException if the recipe has such methods: they need more than this
   */
  public List<LayerResult> run(
      Ops ops, Model model, List<Tensor> calibration, ModelQuantizer.Listener listener) {
    plan.modelSteps()
        .findFirst()
        .ifPresent(
            step -> {
              throw new IllegalArgumentException(
                  "method '%s' needs the float model and samples; call run with them"
                      .formatted(step.method()));
            });
    for (RecipeStep step : recipe.steps()) {
      if (step instanceof RecipeStep.Rotate rotate) {
        rotate(model, rotate);
      }
    }
    List<LayerResult> results = new ArrayList<>(quantizeTables(ops, model));
    results.addAll(new ModelQuantizer(ops, listener).quantize(model, plan::of, calibration));
    return results;
  }

  private List<LayerResult> quantizeTables(Ops ops, Model model) {
    List<LayerResult> results = new ArrayList<>();
    for (Embedding table : model.tables()) {
      plan.of(table)
          .ifPresent(scheme -> results.add(Tables.quantize(table, scheme, ops.splitter())));
    }
    return results;
  }

  /**
   * Does all steps to {@code model}, in place.
   *
   * @param floatModel makes the model anew as it is now, for methods that compare with it; the
   *     caller owns its memory
   * @param samples may be none if {@link RecipePlan#needsCalibration} is false
   * @param seed of the methods' randomness
   * @throws IllegalArgumentException if samples or labels are missing, or a method cannot work on
   *     this model
   */
  public MethodReport run(
      Ops ops,
      Model model,
      Supplier<Model> floatModel,
      SampleSource samples,
      long seed,
      MethodProgress progress,
      ResumeStore store) {
    checkData(samples);
    MethodReport report = MethodReport.of(List.of());
    Supplier<Model> prepared = floatModel;
    for (int i = 0; i < recipe.steps().size(); i++) {
      RecipeStep step = recipe.steps().get(i);
      if (prepares(step)) {
        report =
            report.then(
                prepare(
                    step,
                    new ModelTask(
                        ops, model, prepared, samples, plan.schemes(), seed, progress, store)));
        prepared = appliesLater(i) ? prepared(floatModel, PreparedState.of(model)) : floatModel;
      }
    }
    report =
        report
            .then(MethodReport.of(quantizeTables(ops, model)))
            .then(MethodReport.of(quantizeLayers(ops, model, samples, progress)));
    for (RecipeStep.ApplyMethod step : plan.modelSteps().filter(step -> !prepares(step)).toList()) {
      report =
          report.then(
              plan.method(step)
                  .apply(
                      new ModelTask(
                          ops,
                          model,
                          prepared,
                          samples,
                          plan.schemes(),
                          seed,
                          progress,
                          store.within(step.method()))));
    }
    return report;
  }

  private boolean prepares(RecipeStep step) {
    return step instanceof RecipeStep.Rotate
        || (step instanceof RecipeStep.ApplyMethod apply
            && plan.method(apply).place() == MethodPlace.PREPARE);
  }

  private boolean appliesLater(int step) {
    return recipe.steps().stream()
        .skip(step + 1L)
        .anyMatch(RecipeStep.ApplyMethod.class::isInstance);
  }

  private MethodReport prepare(RecipeStep step, ModelTask task) {
    return switch (step) {
      case RecipeStep.Rotate rotate -> {
        rotate(task.model(), rotate);
        yield MethodReport.of(List.of());
      }
      case RecipeStep.ApplyMethod apply ->
          plan.method(apply).apply(task.withStore(task.store().within(apply.method())));
      case RecipeStep.QuantizeWeights w -> throw new IllegalStateException("quantizes");
      case RecipeStep.QuantizeActivations a -> throw new IllegalStateException("quantizes");
    };
  }

  private static Supplier<Model> prepared(Supplier<Model> floatModel, PreparedState state) {
    return () -> {
      Model fresh = floatModel.get();
      state.restore(fresh);
      return fresh;
    };
  }

  private List<LayerResult> quantizeLayers(
      Ops ops, Model model, SampleSource samples, MethodProgress progress) {
    long planned = model.linears().stream().filter(l -> plan.of(l).isPresent()).count();
    if (planned == 0) {
      return List.of();
    }
    progress.begin("quantize", planned, "layers");
    List<Tensor> inputs = samples.inputs();
    return new ModelQuantizer(ops, (result, done, all) -> progress.to(done, result.name()))
        .quantize(model, plan::of, inputs);
  }

  private void checkData(SampleSource samples) {
    if (plan.dataNeed() != DataNeed.NONE && samples.size() == 0) {
      throw new IllegalArgumentException("this recipe needs calibration samples; pass some");
    }
    if (plan.dataNeed() == DataNeed.LABELS && !samples.hasLabels()) {
      throw new IllegalArgumentException("this recipe needs the labels of its samples; pass some");
    }
  }
}
