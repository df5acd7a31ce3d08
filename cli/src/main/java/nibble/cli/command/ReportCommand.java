package nibble.cli.command;

import java.nio.file.Path;
import nibble.cli.report.Results;
import nibble.cli.report.ResultsPage;
import nibble.cli.terminal.Console;
import nibble.cli.terminal.JsonOut;
import nibble.loaders.json.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code nibble report}: draws stored results again. */
@Command(
    name = "report",
    description = "Renders results that demo or compare wrote as JSON to one HTML file.")
public final class ReportCommand extends NibbleCommand {
  @Parameters(paramLabel = "RESULTS", description = "JSON file with results.")
  private Path file = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "HTML file to write or replace (default: ${DEFAULT-VALUE}).")
  private Path out = Path.of("report.html");

  /** For picocli. */
  public ReportCommand() {}

  @Override
  int run(Console console, CommonOptions common) {
    Results results = Results.fromJson(Json.readObject(file));
    ResultsPage.of(results).write(out);
    if (common.json()) {
      JsonOut.result()
          .put("file", out.toString())
          .put("rows", results.rows().size())
          .print(console.out());
    } else {
      console.out().println(out + ": " + results.rows().size() + " rows");
    }
    return done();
  }
}
