package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import nibble.cli.terminal.ExitStatus;
import nibble.loaders.json.JsonObject;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables of methods and schemes on models of text. */
class TextTableTest {
  @TempDir private Path place = Path.of("");

  private Path text() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      lines.add("line " + i + " says that " + (i % 7) + " dogs saw " + (i % 5) + " cats");
    }
    return Files.write(place.resolve("text.txt"), lines);
  }

  private static String[] table(Path model, Path out, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("table", model.toString(), "--out", out.toString(), "--quiet"));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  @Test
  void perplexityIsMeasuredOnLinesThatCalibrationDoesNotSee() throws IOException {
    Path model = TinyTextFolders.llama(place.resolve("model"));
    Path out = place.resolve("table");
    String[] arguments =
        table(
            model,
            out,
            "--text",
            text().toString(),
            "--split",
            "10",
            "--tokens",
            "200",
            "--window",
            "16",
            "--calibration-samples",
            "4",
            "--calibration-window",
            "16",
            "--methods",
            "rtn,smoothquant",
            "--schemes",
            "W4A8",
            "--set",
            "smoothquant.alpha=0.6",
            "--json");
    JsonObject result = CommandLineRun.of(arguments).json();
    assertEquals(3, result.array("cells").size());
    JsonObject original = result.array("cells").object(0);
    assertEquals(0, original.number("kl"));
    for (int i = 1; i < 3; i++) {
      JsonObject cell = result.array("cells").object(i);
      assertFalse(cell.has("error"), cell.toString());
      assertTrue(
          cell.number("perplexity") > 1
              && cell.number("standard_error") > 0
              && cell.number("kl") > 0
              && cell.number("agreement") <= 1,
          cell.toString());
      assertTrue(cell.longInteger("bytes") > 0 && cell.number("seconds") > 0);
    }
    List<String> calibration = Files.readAllLines(out.resolve("calibration.txt"));
    List<String> evaluation = Files.readAllLines(out.resolve("evaluation.txt"));
    assertEquals(10, calibration.size());
    assertEquals(30, evaluation.size());
    assertTrue(evaluation.stream().noneMatch(calibration::contains));
    assertTrue(
        Files.readString(out.resolve("table.md")).contains("| smoothquant alpha=0.6 | W4A8 |"));
    assertTrue(Files.readString(out.resolve("table.html")).contains("Perplexity"));
    String before = Files.readString(out.resolve("table.json"));
    JsonObject again = CommandLineRun.of(arguments).json();
    assertEquals(3, again.array("cells").size());
    assertEquals(before, Files.readString(out.resolve("table.json")), "nothing is measured twice");
  }

  @Test
  void usageIsChecked() throws IOException {
    Path model = TinyTextFolders.llama(place.resolve("model"));
    Path out = place.resolve("table");
    String text = text().toString();
    CommandLineRun.of(table(model, out, "--split", "3"))
        .failed(ExitStatus.USAGE, "choose one of --images, --text and --sts");
    CommandLineRun.of(table(model, out, "--text", text))
        .failed(ExitStatus.USAGE, "--split N or --calibration");
    CommandLineRun.of(table(model, out, "--text", text, "--calibration", text))
        .failed(ExitStatus.USAGE, "is the text that is evaluated");
    CommandLineRun.of(table(model, out, "--text", text, "--split", "40"))
        .failed(ExitStatus.USAGE, "1 to 39 lines");
    CommandLineRun.of(table(model, out, "--text", text, "--split", "3", "--limit", "5"))
        .failed(ExitStatus.USAGE, "--tokens N");
    CommandLineRun.of(
            table(
                model,
                out,
                "--images",
                place.toString(),
                "--split",
                "3",
                "--calibration-window",
                "5"))
        .failed(ExitStatus.USAGE, "goes with --text");
  }
}
