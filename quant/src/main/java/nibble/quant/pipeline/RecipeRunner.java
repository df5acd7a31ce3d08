package nibble.quant.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
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
import nibble.quant.format.WeightScheme;
import nibble.quant.method.WeightMethod;
import nibble.quant.model.DataNeed;
import nibble.quant.model.LayerResult;
import nibble.quant.model.MethodProgress;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.model.SchemePlan;
import nibble.quant.recipe.ObserverKind;
import nibble.quant.recipe.Recipe;
import nibble.quant.recipe.RecipeStep;
import nibble.quant.recipe.RotationKind;
import nibble.quant.rotation.ModelRotation;
import nibble.quant.rotation.RotationOptions;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Applies a recipe to a model: rotations first, then weights and activations block by block, then methods for whole models in their order.
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
   * @throws IllegalArgumentException if the recipe names a method or option that the catalogue does not have, rotates after it quantizes,
   *     quantizes twice, or quantizes activations of float weights
   */
  public RecipeRunner(MethodCatalogue catalogue, Recipe recipe, UnaryOperator<WeightMethod> wrapper) {
    catalogue.check(recipe);
    this.catalogue = catalogue;
    this.recipe = recipe;
    this.wrapper = wrapper;
    checkOrder();
  }

  private void checkOrder() {
    boolean begun = false;
    boolean quantizedWhole = false;
    for (RecipeStep step : recipe.steps()) {
      boolean rotates = step instanceof RecipeStep.Rotate;
      if (rotates && begun) {
        throw new IllegalArgumentException("the recipe rotates after it quantizes; put rotations first");
      }
      boolean mends = step instanceof RecipeStep.ApplyMethod apply && !method(apply).quantizes();
      if (!rotates && !mends && quantizedWhole) {
        throw new IllegalArgumentException("the recipe quantizes again after a method that quantized the whole model; leave one of them out");
      }
      if (mends && !begun) {
        throw new IllegalArgumentException("the recipe begins to mend with '%s' before anything is quantized; put it last".formatted(((RecipeStep.ApplyMethod) step).method()));
      }
      if (step instanceof RecipeStep.ApplyMethod && !mends && begun) {
        throw new IllegalArgumentException("the recipe quantizes again after a method that quantized the whole model; leave one of them out");
      }
      quantizedWhole |= step instanceof RecipeStep.ApplyMethod;
      begun |= !rotates;
    }
    if (recipe.scheme().activations().isPresent() && recipe.scheme().weights().isEmpty()) {
      throw new IllegalArgumentException("the recipe quantizes activations but no weights; no kernel executes that");
    }
  }

  private ModelMethod method(RecipeStep.ApplyMethod step) {
    return catalogue.modelMethod(step.method(), step.options());
  }

  private Stream<RecipeStep.ApplyMethod> modelSteps() {
    return recipe.steps().stream().filter(RecipeStep.ApplyMethod.class::isInstance).map(RecipeStep.ApplyMethod.class::cast);
  }

  /** Whether calibration data is needed. */
  public boolean needsCalibration(Model model) {
    return dataNeed() != DataNeed.NONE || model.linears().stream().map(this::plan).flatMap(Optional::stream).anyMatch(LayerPlan::needsCalibration);
  }

  /** What methods for whole models must see: the most that one of them needs. */
  public DataNeed dataNeed() {
    return modelSteps().map(step -> method(step).needs()).max(Enum::compareTo).orElse(DataNeed.NONE);
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
    List<String> layers = Stream.concat(model.linears().stream().map(Linear::name), model.tables().stream().map(Embedding::name)).toList();
    List<String> sites = model.sites().all().stream().map(Site::name).toList();
    List<String> unused = new ArrayList<>();
    for (RecipeStep step : recipe.steps()) {
      switch (step) {
        case RecipeStep.QuantizeWeights w -> unused.addAll(w.rules().unused(layers));
        case RecipeStep.QuantizeActivations a -> unused.addAll(a.rules().unused(model.linears().stream().map(l -> l.input().name()).toList()));
        case RecipeStep.ApplyMethod m -> unused.addAll(m.rules().unused(Stream.concat(layers.stream(), sites.stream()).toList()));
        case RecipeStep.Rotate r -> {}
      }
    }
    unused.removeAll(Presets.EDGES);
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
   * Rotates and quantizes {@code model} in place, by a recipe without methods for whole models.
   *
   * @param calibration batches of inputs; may be empty if {@link #needsCalibration} is false
   * @param listener is told about every layer
   * @throws IllegalArgumentException if the recipe has such methods: they need more than this
   */
  public List<LayerResult> run(Ops ops, Model model, List<Tensor> calibration, ModelQuantizer.Listener listener) {
    modelSteps().findFirst().ifPresent(step -> {
      throw new IllegalArgumentException("method '%s' needs the float model and samples; call run with them".formatted(step.method()));
    });
    rotate(model);
    List<LayerResult> results = new ArrayList<>(quantizeTables(ops, model));
    results.addAll(new ModelQuantizer(ops, listener).quantize(model, this::plan, calibration));
    return results;
  }

  private List<LayerResult> quantizeTables(Ops ops, Model model) {
    List<LayerResult> results = new ArrayList<>();
    for (Embedding table : model.tables()) {
      plan(table).ifPresent(scheme -> results.add(Tables.quantize(table, scheme, ops.splitter())));
    }
    return results;
  }

  /**
   * Does all steps to {@code model}, in place.
   *
   * @param floatModel makes the model anew as it is now, for methods that compare with it; the caller owns its memory
   * @param samples may be none if {@link #needsCalibration} is false
   * @param seed of the methods' randomness
   * @throws IllegalArgumentException if samples or labels are missing, or a method cannot work on this model
   */
  public MethodReport run(
      Ops ops, Model model, Supplier<Model> floatModel, SampleSource samples, long seed, MethodProgress progress, ResumeStore store) {
    checkData(samples);
    rotate(model);
    MethodReport report = MethodReport.of(quantizeTables(ops, model)).then(MethodReport.of(quantizeLayers(ops, model, samples, progress)));
    for (RecipeStep.ApplyMethod step : modelSteps().toList()) {
      Supplier<Model> original = () -> {
        Model fresh = floatModel.get();
        rotate(fresh);
        return fresh;
      };
      ModelTask task = new ModelTask(ops, model, original, samples, new SchemePlan(step.scheme(), step.rules()), seed, progress, store);
      report = report.then(method(step).apply(task));
    }
    return report;
  }

  private List<LayerResult> quantizeLayers(Ops ops, Model model, SampleSource samples, MethodProgress progress) {
    long planned = model.linears().stream().filter(l -> plan(l).isPresent()).count();
    if (planned == 0) {
      return List.of();
    }
    progress.begin("quantize", planned, "layers");
    List<Tensor> inputs = samples.inputs();
    return new ModelQuantizer(ops, (result, done, all) -> progress.to(done, result.name())).quantize(model, this::plan, inputs);
  }

  private void checkData(SampleSource samples) {
    if (dataNeed() != DataNeed.NONE && samples.size() == 0) {
      throw new IllegalArgumentException("this recipe needs calibration samples; pass some");
    }
    if (dataNeed() == DataNeed.LABELS && !samples.hasLabels()) {
      throw new IllegalArgumentException("this recipe needs the labels of its samples; pass some");
    }
  }

  /** What the recipe does to {@code linear} layer by layer; empty leaves it in float, or to a method for whole models. */
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
        case RecipeStep.ApplyMethod m -> {}
        case RecipeStep.Rotate r -> {}
      }
    }
    return method == null || weights.isEmpty() ? Optional.empty() : Optional.of(new LayerPlan(method, weights.get(), activations, observer));
  }

  /** The scheme of a table of word vectors, which is rounded to nearest; empty leaves it in float, as without a rule that matches its name. */
  public Optional<WeightScheme> plan(Embedding table) {
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
    return plan(table).map(scheme -> Tables.planned(table, scheme));
  }

  /** What the recipe does to {@code linear}, whoever does it; empty where the layer stays in float. For a dry run. */
  public Optional<PlannedLayer> planned(Linear linear) {
    Optional<LayerPlan> plan = plan(linear);
    if (plan.isPresent()) {
      LayerPlan p = plan.get();
      long bytes = p.method().packedBytes(linear.out(), linear.in(), p.weights());
      return Optional.of(new PlannedLayer(p.method().name(), p.weights(), p.activations(), bytes, p.needsCalibration()));
    }
    return modelSteps().filter(step -> method(step).quantizes()).findFirst().flatMap(step -> planned(step, linear));
  }

  private Optional<PlannedLayer> planned(RecipeStep.ApplyMethod step, Linear linear) {
    SchemePlan schemes = new SchemePlan(step.scheme(), step.rules());
    return schemes.weights(linear).map(w ->
        new PlannedLayer(
            step.method(), w, schemes.activations(linear.input()), IntWeights.packedBytes(linear.out(), linear.in(), w.format().bits(), linear.in(), true),
            method(step).needs() != DataNeed.NONE));
  }
}
