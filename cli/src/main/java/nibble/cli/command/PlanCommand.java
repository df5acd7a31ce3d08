package nibble.cli.command;

import java.util.Locale;
import nibble.cli.quantization.Plan;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.cli.terminal.Table;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.pipeline.PlannedLayer;
import nibble.quant.pipeline.RecipeRunner;
import nibble.quant.recipe.Recipe;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nibble plan}: what {@code nibble quantize} with the same arguments would do and cost. */
@Command(
    name = "plan",
    description =
        "Says what quantize with the same arguments would do: layers, size, memory and time.")
public final class PlanCommand extends NibbleCommand {
  @Parameters(paramLabel = "MODEL", description = "Folder, org/name, or demo.")
  private String name = "";

  @Mixin private RecipeOptions options = new RecipeOptions();

  @SuppressWarnings("UnusedVariable")
  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Accepted so that the arguments of quantize can stay; nothing is written.")
  private String out = "";

  @Option(names = "--layers", description = "List every layer.")
  private boolean layers;

  /** For picocli. */
  public PlanCommand() {}

  @Override
  int run(Console console, CommonOptions common) {
    Recipe recipe = options.recipe(common.seed());
    RecipeRunner runner = RecipeOptions.runner(recipe);
    try (OpenModel open = OpenModel.of(name);
        WorkSplitter splitter = common.openSplitter()) {
      int hidden = open.model().blocks().getFirst().stages().getFirst().getFirst().in();
      int tokens = options.tokensOfSample(open.model());
      boolean calibrates = runner.plan().needsCalibration(open.model());
      Plan plan =
          Plan.of(runner, open.model(), tokens, calibrates ? options.calibrationImages() : 0);
      double seconds = plan.seconds(splitter);
      if (common.json()) {
        json(plan, hidden, seconds, calibrates).print(console.out());
      } else {
        String calibration = calibrates ? options.calibrationInWords(open.model()) : "none needed";
        print(console, recipe, plan, hidden, seconds, calibration);
      }
    }
    return done();
  }

  private static JsonOut json(Plan plan, int hidden, double seconds, boolean calibrates) {
    return JsonOut.result()
        .put("layers", plan.layers().stream().filter(l -> l.scheme().isPresent()).count())
        .put("bytes_before", plan.bytesBefore())
        .put("bytes_after", plan.bytesAfter())
        .put("working_bytes", plan.workingBytes(hidden))
        .put("seconds", seconds)
        .put("needs_calibration", calibrates);
  }

  private void print(
      Console console, Recipe recipe, Plan plan, int hidden, double seconds, String calibration) {
    if (layers) {
      Table table =
          new Table("layer", "shape", "method", "weights", "activations", "bytes").alignRight(5);
      for (Plan.Layer layer : plan.layers()) {
        table.row(
            layer.name(),
            "[%d, %d]".formatted(layer.out(), layer.in()),
            layer.scheme().map(PlannedLayer::method).orElse("float"),
            layer.scheme().map(p -> "INT" + p.weights().format().bits()).orElse("-"),
            layer
                .scheme()
                .flatMap(p -> p.activations())
                .map(a -> "INT" + a.format().bits())
                .orElse("-"),
            String.format(Locale.ROOT, "%,d", layer.bytesAfter()));
      }
      table.print(console.out());
      console.out().println();
    }
    Table facts = new Table("what", "value");
    facts.row("scheme", recipe.scheme().toString());
    facts.row(
        "layers to quantize",
        plan.layers().stream().filter(l -> l.scheme().isPresent()).count()
            + " of "
            + plan.layers().size());
    facts.row(
        "linear weights",
        String.format(Locale.ROOT, "%,d bytes, now %,d", plan.bytesAfter(), plan.bytesBefore()));
    facts.row("calibration", calibration);
    facts.row(
        "working memory (estimate)",
        String.format(
            Locale.ROOT,
            "%,d MB beside the Java runtime",
            plan.workingBytes(hidden) / 1_000_000 + 1));
    facts.row("time (estimate)", String.format(Locale.ROOT, "%.1f s", seconds));
    facts.print(console.out());
  }
}
