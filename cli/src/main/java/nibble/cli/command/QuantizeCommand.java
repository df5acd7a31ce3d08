package nibble.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import nibble.cli.quantization.Calibration;
import nibble.cli.quantization.CodeStore;
import nibble.cli.quantization.FloatModels;
import nibble.cli.quantization.Phases;
import nibble.cli.quantization.Quantization;
import nibble.cli.report.Axis;
import nibble.cli.report.HtmlReport;
import nibble.cli.report.LineChart;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.PeakMemory;
import nibble.cli.terminal.Table;
import nibble.loaders.FolderWriter;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.hf.CompanionFiles;
import nibble.loaders.model.WeightFormat;
import nibble.quant.model.BrokenLayers;
import nibble.quant.model.LayerResult;
import nibble.quant.model.MethodReport;
import nibble.quant.recipe.Recipe;
import nibble.tensor.Ops;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code nibble quantize}: a model folder to a smaller one. */
@Command(name = "quantize", description = "Quantizes a model and writes it as a folder.")
public final class QuantizeCommand extends NibbleCommand {
  /** Broken layers that are listed. */
  private static final int SHOWN = 5;

  @Parameters(paramLabel = "MODEL", description = "Folder, org/name, or demo.")
  private String name = "";

  @Mixin private RecipeOptions options = new RecipeOptions();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to write, new or empty.")
  private Path out = Path.of("");

  @Option(
      names = "--format",
      paramLabel = "F",
      converter = FormatName.class,
      description =
          "How weights are written: compressed-tensors, or gptq (weights of one bit width, W..A16)"
              + " (default: compressed-tensors).")
  private WeightFormat format = WeightFormat.COMPRESSED_TENSORS;

  @Option(names = "--resume", description = "Go on with an interrupted run of the same arguments.")
  private boolean resume;

  @Option(names = "--layers", description = "List every layer with its error and size.")
  private boolean layers;

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Also write an HTML report: layers, what the method measured, its loss curve.")
  private @Nullable Path report;

  /** For picocli. */
  public QuantizeCommand() {}

  /** The names of formats as their specifications write them. */
  static final class FormatName implements ITypeConverter<WeightFormat> {
    @Override
    public WeightFormat convert(String name) {
      return switch (name) {
        case "compressed-tensors" -> WeightFormat.COMPRESSED_TENSORS;
        case "gptq" -> WeightFormat.GPTQ;
        default ->
            throw new TypeConversionException(
                "'" + name + "' is no format, expected compressed-tensors or gptq");
      };
    }
  }

  @Override
  int run(Console console, CommonOptions common) throws IOException {
    Recipe recipe = options.recipe(common.seed());
    RecipeOptions.runner(recipe);
    Path remembered = CodeStore.place(out);
    if (!resume && Files.exists(remembered)) {
      throw CommandFailure.failed(
          remembered + ": an interrupted run; go on with --resume, or remove this folder");
    }
    if (resume && !Files.exists(remembered)) {
      throw CommandFailure.failed(out + ": no interrupted run to resume; leave out --resume");
    }
    try (OpenModel open = OpenModel.of(name);
        FloatModels originals = new FloatModels(OpenModel.folder(name));
        FolderWriter folder = FolderWriter.create(out, FolderWriter.Existing.REFUSE);
        Ops ops = new Ops(common.openSplitter())) {
      Calibration calibration = options.calibration(open, recipe, common.seed());
      CodeStore store = CodeStore.open(out, identity(open, recipe, calibration));
      if (resume) {
        console.note("quantize  resumed with %,d parts done".formatted(store.size()));
      }
      Quantization quantization = new Quantization(recipe, calibration, store);
      Quantization.Outcome outcome =
          quantization.run(open.model(), originals, common.seed(), ops, console);
      String program = "nibble " + Version.NUMBER;
      quantization.write(
          folder.path(),
          open.loaded().checkpoint().config(),
          open.model(),
          program,
          common.seed(),
          outcome.report(),
          format);
      CompanionFiles.copy(open.loaded().checkpoint().folder(), folder);
      long bytes = Files.size(folder.path().resolve(Checkpoint.WEIGHTS));
      folder.commit();
      store.delete();
      Path page = report;
      if (page != null) {
        page(recipe, outcome).write(page);
      }
      print(console, common, open, outcome, bytes);
    }
    return done();
  }

  /** Everything that the codes depend on. */
  private static List<String> identity(OpenModel open, Recipe recipe, Calibration calibration)
      throws IOException {
    Path folder = open.loaded().checkpoint().folder().toAbsolutePath().normalize();
    Path weights = folder.resolve(Checkpoint.WEIGHTS);
    String stamp =
        Files.exists(weights) ? Files.size(weights) + " " + Files.getLastModifiedTime(weights) : "";
    return List.of(
        Version.NUMBER, folder.toString(), stamp, recipe.toTree().toString(), calibration.digest());
  }

  private void print(
      Console console,
      CommonOptions common,
      OpenModel open,
      Quantization.Outcome outcome,
      long bytes) {
    long before = open.loaded().checkpoint().tensors().byteSize();
    double bitsPerWeight = 8.0 * bytes / open.model().parameterCount();
    if (common.json()) {
      JsonOut json =
          JsonOut.result()
              .put("folder", out.toString())
              .put("layers", outcome.layers().stream().map(QuantizeCommand::json).toList())
              .put("bytes", bytes)
              .put("bytes_before", before)
              .put("bits_per_weight", bitsPerWeight)
              .put("phases", outcome.phases().stream().map(QuantizeCommand::json).toList())
              .put("seconds", outcome.seconds())
              .put(
                  "broken",
                  BrokenLayers.of(outcome.layers()).layers().stream()
                      .map(LayerResult::name)
                      .toList());
      PeakMemory.bytes().ifPresent(peak -> json.put("peak_bytes", peak));
      json.print(console.out());
      return;
    }
    if (layers) {
      table(outcome).print(console.out());
      console.out().println();
    }
    console
        .out()
        .printf(
            Locale.ROOT,
            "%s: %d layers quantized in %.1f s, %,d bytes (%.1f %% of %,d), %.2f bits per weight%n",
            out,
            outcome.layers().size(),
            outcome.seconds(),
            bytes,
            100.0 * bytes / before,
            before,
            bitsPerWeight);
    Extras.caches(open.model())
        .forEach(format -> console.out().println("key-value cache: " + format));
    broken(console, BrokenLayers.of(outcome.layers()));
  }

  /** Names the layers that lost much more than the others, and how to leave them in float. */
  private static void broken(Console console, BrokenLayers broken) {
    if (broken.layers().isEmpty()) {
      return;
    }
    int shown = Math.min(SHOWN, broken.layers().size());
    console.note(
        "%d layers lost much more than the others (output error above %.0f times the median and %.0f %%, or above %.0f %%); the worst:"
            .formatted(
                broken.layers().size(),
                BrokenLayers.TIMES_MEDIAN,
                100 * BrokenLayers.LEAST,
                100 * BrokenLayers.ALWAYS));
    for (LayerResult layer : broken.layers().subList(0, shown)) {
      console.note(
          "  %s: %s by its weights%s"
              .formatted(
                  layer.name(),
                  percent(layer.outputError().orElse(layer.weightError())),
                  layer.inputError().isPresent()
                      ? ", " + percent(layer.inputError().getAsDouble()) + " by its inputs"
                      : ""));
    }
    console.note("leave them in float with --set %s".formatted(broken.override(shown)));
  }

  private static JsonOut json(LayerResult layer) {
    JsonOut json =
        JsonOut.object()
            .put("name", layer.name())
            .put("format", layer.format())
            .put("weight_error", layer.weightError())
            .put("bytes", layer.packedBytes())
            .put("seconds", layer.seconds());
    layer.outputError().ifPresent(error -> json.put("output_error", error));
    layer.inputError().ifPresent(error -> json.put("input_error", error));
    return json;
  }

  private static JsonOut json(Phases.Phase phase) {
    return JsonOut.object()
        .put("name", phase.name())
        .put("count", phase.count())
        .put("unit", phase.unit())
        .put("seconds", phase.seconds());
  }

  private HtmlReport page(Recipe recipe, Quantization.Outcome outcome) {
    HtmlReport page = new HtmlReport("Quantizing " + name + " to " + recipe.scheme());
    Table phases = new Table("part", "done", "seconds", "per second").alignRight(1, 2, 3);
    for (Phases.Phase phase : outcome.phases()) {
      phases.row(
          phase.name(),
          String.format(Locale.ROOT, "%,d %s", phase.count(), phase.unit()),
          String.format(Locale.ROOT, "%.1f", phase.seconds()),
          String.format(Locale.ROOT, "%.1f", phase.count() / phase.seconds()));
    }
    page.section("Time").table(phases);
    for (MethodReport.Curve curve : outcome.report().curves()) {
      double[] x = curve.points().stream().mapToDouble(p -> p[0]).toArray();
      double[] y = curve.points().stream().mapToDouble(p -> p[1]).toArray();
      page.section(curve.name())
          .figure(
              "Mean over the updates since the point before.",
              new LineChart(new Axis(curve.across(), ""), new Axis(curve.name(), ""))
                  .curve(curve.name(), x, y));
    }
    if (!outcome.report().facts().isEmpty()) {
      Table facts = new Table("measured", "value").alignRight(1);
      outcome
          .report()
          .facts()
          .forEach((key, value) -> facts.row(key, String.format(Locale.ROOT, "%.4g", value)));
      page.section("What the method measured").table(facts);
    }
    return page.section("Layers").table(table(outcome));
  }

  private static Table table(Quantization.Outcome outcome) {
    Table table =
        new Table(
                "layer",
                "format",
                "weight error",
                "output error",
                "input error",
                "bytes",
                "seconds")
            .alignRight(2, 3, 4, 5, 6);
    for (LayerResult layer : outcome.layers()) {
      table.row(
          layer.name(),
          layer.format(),
          percent(layer.weightError()),
          layer.outputError().isPresent() ? percent(layer.outputError().getAsDouble()) : "-",
          layer.inputError().isPresent() ? percent(layer.inputError().getAsDouble()) : "-",
          String.format(Locale.ROOT, "%,d", layer.packedBytes()),
          String.format(Locale.ROOT, "%.2f", layer.seconds()));
    }
    return table;
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * share);
  }
}
