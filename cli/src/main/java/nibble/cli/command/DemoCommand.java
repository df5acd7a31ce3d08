package nibble.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import nibble.cli.data.SyntheticImageSet;
import nibble.cli.demo.Demonstration;
import nibble.cli.demo.Variant;
import nibble.cli.quantization.Calibration;
import nibble.cli.report.Results;
import nibble.cli.report.ResultsPage;
import nibble.cli.report.ResultsTable;
import nibble.cli.synthetic.Split;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Console;
import nibble.loaders.json.Json;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.tensor.Ops;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code nibble demo}: the main job on the model and the pictures that ship with the program. */
@Command(
    name = "demo",
    description = "Quantizes the shipped model in several ways, compares them and writes a report.")
public final class DemoCommand extends NibbleCommand {
  @Option(
      names = "--images",
      paramLabel = "N",
      description = "Held-out pictures to evaluate on (default: ${DEFAULT-VALUE}).")
  private int images = 1024;

  @Option(
      names = "--calibration-images",
      paramLabel = "N",
      description = "Pictures to calibrate with (default: ${DEFAULT-VALUE}).")
  private int calibrationImages = 64;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "HTML file to write or replace (default: ${DEFAULT-VALUE}).")
  private Path out = Path.of("report.html");

  @Option(
      names = "--results",
      paramLabel = "FILE",
      description = "Also write the numbers as JSON, for 'nibble report'.")
  private Path results = Path.of("");

  /** For picocli. */
  public DemoCommand() {}

  @Override
  int run(Console console, CommonOptions common) throws IOException {
    if (images < 1 || calibrationImages < 1) {
      throw CommandFailure.usage("--images and --calibration-images must be at least 1");
    }
    Path folder = OpenModel.folder(OpenModel.DEMO);
    try (Ops ops = new Ops(common.openSplitter())) {
      Results measured = measure(folder, ops, console, common);
      ResultsPage.of(measured).write(out);
      if (!results.toString().isEmpty()) {
        Json.write(results, measured.toJson());
      }
      print(console, common, measured);
    }
    return done();
  }

  private Results measure(Path folder, Ops ops, Console console, CommonOptions common)
      throws IOException {
    long start = System.nanoTime();
    int size;
    Results results = Results.titled("Nibble: a vision transformer at 4 bits");
    try (LoadedModel model = ModelLoader.load(folder)) {
      size = model.imageClassifier().imageSize();
      results =
          results
              .withFact(
                  "model",
                  "%s, %,d parameters"
                      .formatted(model.model().architecture(), model.model().parameterCount()))
              .withFact(
                  "test",
                  "%,d held-out pictures of %d classes"
                      .formatted(images, model.imageClassifier().classes()))
              .withFact("calibration", "%,d other pictures".formatted(calibrationImages))
              .withFact("threads", Integer.toString(common.threads()));
    }
    Calibration calibration =
        Calibration.of(
            new SyntheticImageSet(Split.CALIBRATION, common.seed(), size, calibrationImages),
            calibrationImages,
            true);
    SyntheticImageSet test = new SyntheticImageSet(Split.TEST, common.seed(), size, images);
    Demonstration demonstration =
        new Demonstration(
            folder, test, calibration, ops, console, "nibble " + Version.NUMBER, common.seed());
    Results measured = demonstration.run(results, Variant.DEMO);
    return measured.withFact("time", "%.1f s in all".formatted((System.nanoTime() - start) * 1e-9));
  }

  private void print(Console console, CommonOptions common, Results measured) {
    if (common.json()) {
      console.out().println(Json.compact(measured.toJson()));
      return;
    }
    ResultsTable.of(measured).print(console.out());
    console.out().println();
    console.out().println("Plots of these numbers: " + out.toAbsolutePath());
  }
}
