package nibble.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import nibble.cli.report.Results;
import nibble.cli.report.ResultsPage;
import nibble.cli.report.ResultsTable;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.Progress;
import nibble.cli.terminal.Table;
import nibble.loaders.json.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code nibble compare}: several models on the same images, text or pairs of sentences in one
 * table.
 */
@Command(
    name = "compare",
    description =
        "Evaluates several models on the same images, text or pairs of sentences: quality, size,"
            + " speed, peak memory. The first is the reference.")
public final class CompareCommand extends NibbleCommand {
  @Parameters(
      arity = "2..*",
      paramLabel = "MODEL",
      description = "Folders, org/name, or demo; the first is the reference.")
  private List<String> models = new ArrayList<>();

  @Mixin private ImageChoice choice = new ImageChoice();

  @Mixin private TextChoice text = new TextChoice();

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Images at a time (default: ${DEFAULT-VALUE}).")
  private int batch = 8;

  @Option(names = "--markdown", description = "Print the table as Markdown.")
  private boolean markdown;

  @Option(
      names = "--results",
      paramLabel = "FILE",
      description = "Also write the numbers as JSON, for 'nibble report'.")
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
    if (text.isGiven() && choice.isGiven()) {
      throw CommandFailure.usage("--text and --sts do not go with options for images");
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
    Results measured =
        Results.titled("Comparison of " + models.size() + " models")
            .withFact("reference", models.getFirst());
    List<String> arguments = arguments(common);
    try (Progress progress = console.progress("compare", models.size(), "models")) {
      for (int i = 0; i < models.size(); i++) {
        measured =
            measured.withRow(
                new ComparisonRow(models.get(i), arguments, models.getFirst()).measure());
        progress.to(i + 1, models.get(i));
      }
    }
    return measured;
  }

  private List<String> arguments(CommonOptions common) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--threads",
                Integer.toString(common.threads()),
                "--seed",
                Long.toString(common.seed())));
    if (text.isGiven()) {
      arguments.addAll(text.arguments());
    } else {
      arguments.addAll(List.of("--batch", Integer.toString(batch)));
      arguments.addAll(choice.arguments());
    }
    return arguments;
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
