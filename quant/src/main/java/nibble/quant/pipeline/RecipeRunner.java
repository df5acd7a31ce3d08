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
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.layerwise.LayerPlan;
import nibble.quant.layerwise.ModelQuantizer;
import nibble.quant.method.WeightMethod;
import nibble.quant.model.DataNeed;
import nibble.quant.model.LayerResult;
import nibble.quant.model.MethodPlace;
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
import nibble.quant.recipe.SiteRules;
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
  private final MethodCatalogue catalogue;
  private final Recipe recipe;
  private final UnaryOperator<WeightMethod> wrapper;

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
    this.catalogue = catalogue;
    this.recipe = recipe;
    this.wrapper = wrapper;
  }

  private ModelMethod method(RecipeStep.ApplyMethod step) {
    return catalogue.modelMethod(step.method(), step.options());
  }

  private Stream<RecipeStep.ApplyMethod> modelSteps() {
    return recipe.steps().stream()
        .filter(RecipeStep.ApplyMethod.class::isInstance)
        .map(RecipeStep.ApplyMethod.class::cast);
  }

  /** Whether calibration data is needed. */
  public boolean needsCalibration(Model model) {
    return dataNeed() != DataNeed.NONE
        || model.linears().stream()
            .map(this::plan)
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
   * @param calibration batches of inputs; may be empty if {@link #needsCalibration} is false
   * @param listener is told about every layer
   * @throws IllegalArgumentException if the recipe has such methods: they need more than this
   */
  public List<LayerResult> run(
      Ops ops, Model model, List<Tensor> calibration, ModelQuantizer.Listener listener) {
    modelSteps()
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
   * @param floatModel makes the model anew as it is now, for methods that compare with it; the
   *     caller owns its memory
   * @param samples may be none if {@link #needsCalibration} is false
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
                        ops, model, prepared, samples, targetSchemes(), seed, progress, store)));
        prepared = appliesLater(i) ? prepared(floatModel, PreparedState.of(model)) : floatModel;
      }
    }
    report =
        report
            .then(MethodReport.of(quantizeTables(ops, model)))
            .then(MethodReport.of(quantizeLayers(ops, model, samples, progress)));
    for (RecipeStep.ApplyMethod step : modelSteps().filter(step -> !prepares(step)).toList()) {
      report =
          report.then(
              method(step)
                  .apply(
                      new ModelTask(
                          ops,
                          model,
                          prepared,
                          samples,
                          targetSchemes(),
                          seed,
                          progress,
                          store.within(step.method()))));
    }
    return report;
  }

  private boolean prepares(RecipeStep step) {
    return step instanceof RecipeStep.Rotate
        || (step instanceof RecipeStep.ApplyMethod apply
            && method(apply).place() == MethodPlace.PREPARE);
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
          method(apply).apply(task.withStore(task.store().within(apply.method())));
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

  /** The bits that the quantizing step gives to layers and sites, whichever kind of step it is. */
  private SchemePlan targetSchemes() {
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

  private List<LayerResult> quantizeLayers(
      Ops ops, Model model, SampleSource samples, MethodProgress progress) {
    long planned = model.linears().stream().filter(l -> plan(l).isPresent()).count();
    if (planned == 0) {
      return List.of();
    }
    progress.begin("quantize", planned, "layers");
    List<Tensor> inputs = samples.inputs();
    return new ModelQuantizer(ops, (result, done, all) -> progress.to(done, result.name()))
        .quantize(model, this::plan, inputs);
  }

  private void checkData(SampleSource samples) {
    if (dataNeed() != DataNeed.NONE && samples.size() == 0) {
      throw new IllegalArgumentException("this recipe needs calibration samples; pass some");
    }
    if (dataNeed() == DataNeed.LABELS && !samples.hasLabels()) {
      throw new IllegalArgumentException("this recipe needs the labels of its samples; pass some");
    }
  }

  /**
   * What the recipe does to {@code linear} layer by layer; empty leaves it in float, or to a method
   * for whole models.
   */
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
    return method == null || weights.isEmpty()
        ? Optional.empty()
        : Optional.of(new LayerPlan(method, weights.get(), activations, observer));
  }

  /**
   * The scheme of a table of word vectors, which is rounded to nearest; empty leaves it in float,
   * as without a rule that matches its name.
   */
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

  /**
   * What the recipe does to {@code linear}, whoever does it; empty where the layer stays in float.
   * For a dry run.
   */
  public Optional<PlannedLayer> planned(Linear linear) {
    Optional<LayerPlan> plan = plan(linear);
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
