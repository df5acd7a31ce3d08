package nibble.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import nibble.cli.report.Results;
import nibble.cli.report.ResultsPage;
import nibble.cli.report.ResultsTable;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.Progress;
import nibble.cli.terminal.Self;
import nibble.cli.terminal.Table;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code nibble compare}: several models on the same images in one table. Every model is evaluated in a process of its own, so that peak
 * memory and speed are its own.
 */
@Command(name = "compare", description = "Evaluates several models on the same images: quality, size, speed, peak memory. The first is the reference.")
public final class CompareCommand extends NibbleCommand {
  @Parameters(arity = "2..*", paramLabel = "MODEL", description = "Folders, org/name, or demo; the first is the reference.")
  private List<String> models = new ArrayList<>();

  @Mixin private ImageChoice choice = new ImageChoice();

  @Option(names = "--batch", paramLabel = "N", description = "Images at a time (default: ${DEFAULT-VALUE}).")
  private int batch = 8;

  @Option(names = "--markdown", description = "Print the table as Markdown.")
  private boolean markdown;

  @Option(names = "--results", paramLabel = "FILE", description = "Also write the numbers as JSON, for 'nibble report'.")
  private Path results = Path.of("");

  @Option(names = "--report", paramLabel = "FILE", description = "Also write an HTML report.")
  private Path report = Path.of("");

  /** For picocli. */
  public CompareCommand() {}

  @Override
  int run(Console console, CommonOptions common) throws IOException {
    if (batch < 1 || batch > 65_536) {
      throw CommandFailure.usage("--batch must be 1 to 65536, was " + batch);
    }
    Results measured = measure(console, common);
    if (!results.toString().isEmpty()) {
      Json.write(results, measured.toJson());
    }
    if (!report.toString().isEmpty()) {
      ResultsPage.of(measured).write(report);
    }
    print(console, common, measured);
    return done();
  }

  private Results measure(Console console, CommonOptions common) throws IOException {
    Results measured = Results.titled("Comparison of " + models.size() + " models").withFact("reference", models.getFirst());
    try (Progress progress = console.progress("compare", models.size(), "models")) {
      for (int i = 0; i < models.size(); i++) {
        measured = measured.withRow(row(models.get(i), common));
        progress.to(i + 1, models.get(i));
      }
    }
    return measured;
  }

  private Results.Row row(String model, CommonOptions common) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("eval", model, "--json", "--quiet", "--batch", Integer.toString(batch)));
    arguments.addAll(List.of("--threads", Integer.toString(common.threads()), "--seed", Long.toString(common.seed())));
    arguments.addAll(choice.arguments());
    JsonObject alone = Json.parseObject("result of eval " + model, Self.run(arguments));
    double agreement = 1;
    double logitMse = 0;
    double kl = 0;
    if (!model.equals(models.getFirst())) {
      arguments.addAll(List.of("--reference", models.getFirst()));
      JsonObject beside = Json.parseObject("result of eval " + model, Self.run(arguments));
      agreement = beside.number("agreement");
      logitMse = beside.number("logit_mse");
      kl = beside.number("kl");
    }
    try (OpenModel open = OpenModel.of(model)) {
      return new Results.Row(
          model, scheme(open), alone.number("top1"), alone.number("top5"), agreement, logitMse, kl, bytes(open),
          alone.number("images_per_second"), Double.NaN, alone.longInteger("peak_bytes", 0));
    }
  }

  /** The commonest form of the linear layers. */
  private static String scheme(OpenModel open) {
    return open.formats().entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey).orElse("");
  }

  private static long bytes(OpenModel open) throws IOException {
    Path weights = open.loaded().checkpoint().folder().resolve(Checkpoint.WEIGHTS);
    return Files.exists(weights) ? Files.size(weights) : open.loaded().checkpoint().tensors().byteSize();
  }

  private void print(Console console, CommonOptions common, Results measured) {
    if (common.json()) {
      console.out().println(Json.compact(measured.toJson()));
      return;
    }
    Table table = ResultsTable.of(measured);
    if (markdown) {
      table.printMarkdown(console.out());
    } else {
      table.print(console.out());
    }
  }
}
