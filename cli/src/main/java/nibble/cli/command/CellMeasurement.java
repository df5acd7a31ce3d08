package nibble.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nibble.cli.quantization.FolderTree;
import nibble.cli.table.Cell;
import nibble.cli.table.Quality;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Self;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.pipeline.RecipeRunner;
import nibble.quant.recipe.Recipe;

/**
 * Quantizes and evaluates one cell of a table, as {@code nibble quantize} and {@code nibble eval}
 * do.
 *
 * @param name of the model: folder, org/name, or demo
 * @param subject what is measured on
 * @param settings options of the methods
 * @param common threads and seed
 * @param out folder in which models are made
 * @param keep whether they stay there
 * @param oneProcess whether cells are measured in this process
 */
record CellMeasurement(
    String name,
    TableSubject subject,
    MethodSettings settings,
    CommonOptions common,
    Path out,
    boolean keep,
    boolean oneProcess) {
  /** Name of the cell of the model itself. */
  static final String FLOAT = "float";

  /** Why a method does not take a scheme; empty if it does. */
  Optional<String> refusal(String method, String scheme) {
    try {
      RecipeRunner _ = new RecipeRunner(MethodCatalogue.standard(), recipe(method, scheme));
      return Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private Recipe recipe(String method, String scheme) {
    return Presets.recipe(
        MethodCatalogue.standard(),
        method,
        settings.of(method),
        Scheme.parse(scheme),
        common.seed());
  }

  /** The model itself. */
  Cell ofFloat() throws IOException {
    JsonObject score = evaluated(name);
    try (OpenModel open = OpenModel.of(name)) {
      Path weights = open.loaded().checkpoint().folder().resolve(Checkpoint.WEIGHTS);
      long bytes =
          Files.exists(weights)
              ? Files.size(weights)
              : open.loaded().checkpoint().tensors().byteSize();
      return Cell.of(FLOAT, "", Map.of(), Quality.fromJson(score), bytes, Double.NaN, 0);
    }
  }

  /** One method at one scheme; a failure is a cell that says why. */
  Cell of(String method, String scheme) throws IOException {
    Map<String, String> options = settings.of(method);
    Optional<String> refusal = refusal(method, scheme);
    if (refusal.isPresent()) {
      return Cell.failed(method, scheme, options, refusal.get());
    }
    Path folder = out.resolve(method + "-" + scheme.replace(' ', '_').replace(':', '_'));
    try {
      FolderTree.delete(folder);
      JsonObject made =
          Json.parseObject("result of quantize", result(quantize(method, scheme, folder)));
      JsonObject score = evaluated(folder.toString());
      return Cell.of(
          method,
          scheme,
          options,
          Quality.fromJson(score),
          made.longInteger("bytes"),
          made.number("seconds"),
          oneProcess ? 0 : made.longInteger("peak_bytes", 0));
    } catch (CommandFailure e) {
      return Cell.failed(method, scheme, options, String.valueOf(e.getMessage()));
    } finally {
      if (!keep) {
        FolderTree.delete(folder);
      }
    }
  }

  private List<String> quantize(String method, String scheme, Path folder) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "quantize",
                name,
                "--method",
                method,
                "--scheme",
                scheme,
                "--out",
                folder.toString(),
                "--json"));
    settings
        .of(method)
        .forEach((key, value) -> arguments.addAll(List.of("--set", key + "=" + value)));
    if (needsCalibration(method, scheme)) {
      arguments.addAll(subject.calibrationArguments());
    }
    return withCommon(arguments);
  }

  private boolean needsCalibration(String method, String scheme) {
    RecipeRunner runner = RecipeOptions.runner(recipe(method, scheme));
    try (OpenModel open = OpenModel.of(name)) {
      return runner.plan().needsCalibration(open.model());
    }
  }

  private JsonObject evaluated(String model) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("eval", model, "--json"));
    arguments.addAll(subject.evaluationArguments());
    if (!model.equals(name)) {
      arguments.addAll(List.of("--reference", name));
    }
    return Json.parseObject("result of eval " + model, result(withCommon(arguments)));
  }

  private String result(List<String> arguments) throws IOException {
    return oneProcess ? InProcess.run(arguments) : Self.run(arguments);
  }

  private List<String> withCommon(List<String> arguments) {
    arguments.addAll(
        List.of(
            "--quiet",
            "--threads",
            Integer.toString(common.threads()),
            "--seed",
            Long.toString(common.seed())));
    return arguments;
  }
}
