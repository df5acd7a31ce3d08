package nibble.cli.quantization;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import nibble.loaders.model.ModelWriter;
import nibble.loaders.model.WeightFormat;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.model.DataNeed;
import nibble.quant.model.LayerResult;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ResumeStore;
import nibble.quant.model.SampleSource;
import nibble.quant.pipeline.RecipeRunner;
import nibble.quant.recipe.Recipe;
import nibble.tensor.Ops;
import org.jspecify.annotations.Nullable;

/**
 * One quantization of a model in memory.
 *
 * @param recipe what is done
 * @param calibration what may be looked at
 * @param store codes of an interrupted run; null to start afresh and remember nothing
 */
public record Quantization(Recipe recipe, Calibration calibration, @Nullable CodeStore store) {
  /** What was done and how long it took in all. */
  public record Outcome(MethodReport report, List<Phases.Phase> phases, double seconds) {
    /** Layers in the order in which they were quantized. */
    public List<LayerResult> layers() {
      return report.layers();
    }

    /** Bytes of all quantized weights as executed. */
    public long packedBytes() {
      return layers().stream().mapToLong(LayerResult::packedBytes).sum();
    }
  }

  private RecipeRunner runner() {
    MethodCatalogue catalogue = MethodCatalogue.standard();
    CodeStore remembered = store;
    return remembered == null
        ? new RecipeRunner(catalogue, recipe)
        : new RecipeRunner(catalogue, recipe, remembered::remembering);
  }

  /**
   * Does it to {@code model}, with progress on {@code console}.
   *
   * @param floatModel makes the model anew; the caller closes what belongs to it
   */
  public Outcome run(Model model, Supplier<Model> floatModel, long seed, Ops ops, Console console) {
    RecipeRunner runner = runner();
    check(model, runner);
    long start = System.nanoTime();
    CodeStore remembered = store;
    try (Phases phases = new Phases(console)) {
      ResumeStore resumed = remembered == null ? ResumeStore.NONE : remembered;
      MethodReport report =
          runner.run(
              ops,
              model.sides().getFirst(),
              () -> floatModel.get().sides().getFirst(),
              calibration.samples(),
              seed,
              phases,
              resumed);
      for (int i = 1; i < model.sides().size(); i++) {
        int side = i; // what was calibrated with is input of the first side
        report =
            report.then(
                runner.run(
                    ops,
                    model.sides().get(i),
                    () -> floatModel.get().sides().get(side),
                    SampleSource.none(),
                    seed,
                    phases,
                    resumed));
      }
      phases.close();
      return new Outcome(report, phases.ended(), (System.nanoTime() - start) * 1e-9);
    }
  }

  private void check(Model model, RecipeRunner runner) {
    List<String> unused = runner.plan().unusedRules(model);
    if (!unused.isEmpty()) {
      throw CommandFailure.usage(
          "the recipe has rules for "
              + String.join(", ", unused)
              + ", but the model has no such layer; 'nibble inspect --sites' lists them");
    }
    if (calibration.batches().isEmpty() && runner.plan().needsCalibration(model)) {
      throw CommandFailure.usage("this recipe needs calibration data: name it with --calibration");
    }
    if (runner.plan().dataNeed() == DataNeed.LABELS && !calibration.samples().hasLabels()) {
      throw CommandFailure.usage(
          "this recipe needs labels: the calibration folder has no labels.csv");
    }
    for (Linear linear : model.linears()) {
      if (linear.isReplaced()) {
        throw CommandFailure.failed(
            "the model is quantized already ('"
                + linear.name()
                + "' is "
                + linear.matrix().format()
                + "); start from the float model");
      }
    }
  }

  /**
   * How the result was made, for {@code config.json}. The same arguments give the same bytes, so
   * neither time nor place is in it.
   */
  public JsonObject provenance(String program, long seed, MethodReport report) {
    JsonObject json =
        JsonObject.empty()
            .with("program", new JsonString(program))
            .with("recipe", RecipeJson.write(recipe))
            .with("seed", JsonNumber.of(seed))
            .with("calibration_samples", JsonNumber.of(calibration.images()))
            .with("calibration_sha256", new JsonString(calibration.digest()));
    if (!report.facts().isEmpty()) {
      JsonObject facts = JsonObject.empty();
      for (Map.Entry<String, Double> fact : report.facts().entrySet()) {
        facts = facts.with(fact.getKey(), JsonNumber.of(fact.getValue()));
      }
      json = json.with("facts", facts);
    }
    return report.curves().isEmpty()
        ? json
        : json.with(
            "curves",
            JsonArray.of(report.curves().stream().<JsonValue>map(Quantization::curve).toList()));
  }

  private static JsonObject curve(MethodReport.Curve curve) {
    return JsonObject.empty()
        .with("name", new JsonString(curve.name()))
        .with("across", new JsonString(curve.across()))
        .with(
            "x",
            JsonArray.of(curve.points().stream().<JsonValue>map(p -> JsonNumber.of(p[0])).toList()))
        .with(
            "y",
            JsonArray.of(
                curve.points().stream().<JsonValue>map(p -> JsonNumber.of(p[1])).toList()));
  }

  /** Writes {@code model} into {@code folder}. */
  public void write(
      Path folder,
      JsonObject config,
      Model model,
      String program,
      long seed,
      MethodReport report,
      WeightFormat format) {
    ModelWriter.write(folder, config, model, provenance(program, seed, report), format);
  }
}
