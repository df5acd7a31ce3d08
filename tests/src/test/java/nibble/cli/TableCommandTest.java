package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import nibble.cli.terminal.ExitStatus;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables of methods and schemes, and GPLQ as a user runs it. */
class TableCommandTest {
  @TempDir private Path place = Path.of("");
  private Path model = Path.of("");
  private Path images = Path.of("");

  @BeforeEach
  void prepare() throws IOException {
    model = TinyModel.write(place.resolve("model"));
    images = place.resolve("images");
    CommandLineRun.of("images", "--out", images.toString(), "--count", "12", "--size", "16").done();
  }

  private String[] table(String... more) {
    return tableIn("table", more);
  }

  private String[] tableIn(String out, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "table",
                model.toString(),
                "--images",
                images.toString(),
                "--out",
                place.resolve(out).toString(),
                "--quiet"));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  @Test
  void everyCellIsMeasuredOnceAndTheTwoPartsShareNoImage() throws IOException {
    String[] arguments =
        table(
            "--split",
            "4",
            "--methods",
            "rtn,gplq",
            "--schemes",
            "W4A4",
            "--set",
            "gplq.train-images=8",
            "--set",
            "gplq.batch=4",
            "--json");
    JsonObject result = CommandLineRun.of(arguments).json();
    assertEquals(3, result.array("cells").size());
    JsonObject last = result.array("cells").object(2);
    assertEquals("gplq", last.string("method"));
    assertFalse(last.has("error"), last.toString());
    assertTrue(
        last.number("agreement") >= 0
            && last.longInteger("bytes") > 0
            && last.number("seconds") > 0);
    assertEquals(1, result.array("cells").object(0).number("agreement"));
    Path out = place.resolve("table");
    Set<String> calibration = new HashSet<>(Files.readAllLines(out.resolve("calibration.csv")));
    List<String> evaluation = Files.readAllLines(out.resolve("evaluation.csv"));
    assertEquals(5, calibration.size());
    assertEquals(9, evaluation.size());
    assertEquals(
        1, evaluation.stream().filter(calibration::contains).count(), "only the header is in both");
    assertTrue(
        Files.readString(out.resolve("table.md"))
            .contains("| gplq train-images=8 batch=4 | W4A4 |"));
    assertTrue(Files.readString(out.resolve("table.html")).contains("<svg"));
    assertFalse(Files.exists(out.resolve("gplq-W4A4")), "models are not kept unless asked for");

    String before = Files.readString(out.resolve("table.json"));
    JsonObject again = CommandLineRun.of(arguments).json();
    assertEquals(before, Files.readString(out.resolve("table.json")), "nothing is measured twice");
    assertEquals(result.array("cells").size(), again.array("cells").size());
    CommandLineRun.of(table("--split", "5", "--methods", "rtn", "--schemes", "W4A4"))
        .failed(ExitStatus.FAILURE, "other arguments");
  }

  /** In one process the cells are the same, and a method that fails is a cell that says why. */
  @Test
  void oneProcessMeasuresTheSame() throws IOException {
    String[] cells = {"--split", "4", "--schemes", "W4A4", "--json"};
    JsonObject apart = CommandLineRun.of(tableIn("apart", with(cells, "--methods", "rtn"))).json();
    JsonObject together =
        CommandLineRun.of(
                tableIn(
                    "together",
                    with(cells, "--methods", "rtn,hadamard+rtn+norm-tweaking", "--one-process")))
            .json();
    assertEquals("one for all cells", together.object("facts").string("process"));
    for (int i = 0; i < 2; i++) {
      JsonObject one = together.array("cells").object(i);
      JsonObject other = apart.array("cells").object(i);
      for (String key : List.of("top1", "agreement", "logit_mse", "bytes")) {
        assertEquals(other.number(key), one.number(key), key + " of " + one.string("method"));
      }
      assertEquals(0, one.longInteger("peak_bytes"));
    }
    assertTrue(together.array("cells").object(2).string("error").contains("norm-tweaking"));
  }

  /**
   * Options of a part of a name are those of every name with it; other options are another cell.
   */
  @Test
  void optionsBelongToTheirCells() throws IOException {
    String[] mended = {
      "--split", "4", "--methods", "rtn,rtn+qwt,repq-vit+qwt", "--json", "--one-process"
    };
    String[] cells = with(mended, "--schemes", "W4A4");
    CommandLineRun.of(table(with(cells, "--set", "qwt.ridge=0.2"))).json();
    JsonObject result =
        CommandLineRun.of(
                table(with(cells, "--set", "qwt.ridge=0.2", "--set", "repq-vit+qwt.ridge=0.5")))
            .json();
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < result.array("cells").size(); i++) {
      JsonObject cell = result.array("cells").object(i);
      assertFalse(cell.has("error"), cell.toString());
      rows.add(
          cell.string("method")
              + (cell.has("options") ? " " + cell.object("options").string("ridge") : ""));
    }
    assertEquals(
        List.of("float", "rtn", "rtn+qwt 0.2", "repq-vit+qwt 0.2", "repq-vit+qwt 0.5"), rows);
    String page = Files.readString(place.resolve("table").resolve("table.md"));
    assertTrue(page.contains("| repq-vit+qwt ridge=0.5 | W4A4 |"), page);
  }

  /** How many images calibrate is a matter of its own: with fewer, other codes come out. */
  @Test
  void asManyImagesCalibrateAsWereAskedFor() throws IOException {
    String[] cells = {"--methods", "gptq", "--schemes", "W4A4", "--one-process", "--json"};
    String[] split = with(cells, "--split", "6");
    JsonObject all = CommandLineRun.of(tableIn("all", split)).json();
    JsonObject six =
        CommandLineRun.of(tableIn("six", with(split, "--calibration-images", "6"))).json();
    JsonObject one =
        CommandLineRun.of(tableIn("one", with(split, "--calibration-images", "1"))).json();
    assertEquals(
        "all 6 images of the folder: calibration.csv", all.object("facts").string("calibration"));
    assertEquals(
        "at most 1 of 6 images of the folder: calibration.csv",
        one.object("facts").string("calibration"));
    assertEquals(error(all), error(six));
    assertNotEquals(error(all), error(one));
  }

  private static double error(JsonObject table) {
    return table.array("cells").object(1).number("logit_mse");
  }

  private static String[] with(String[] arguments, String... more) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  @Test
  void usageIsChecked() {
    CommandLineRun.of(table("--methods", "rtn", "--schemes", "W4A4"))
        .failed(ExitStatus.USAGE, "--split N or --calibration");
    CommandLineRun.of(table("--split", "12", "--methods", "rtn", "--schemes", "W4A4"))
        .failed(ExitStatus.USAGE, "1 to 11");
    CommandLineRun.of(table("--split", "4", "--methods", "rtm", "--schemes", "W4A4"))
        .failed(ExitStatus.USAGE, "did you mean rtn");
    CommandLineRun.of(
            table("--split", "4", "--methods", "rtn", "--schemes", "W4A4", "--set", "gplq.rate=1"))
        .failed(ExitStatus.USAGE, "none of the methods");
  }

  /** A method that does not take one of the schemes has a cell that says so. */
  @Test
  void aSchemeThatAMethodRefusesIsACellWithoutAResult() throws IOException {
    JsonObject result =
        CommandLineRun.of(
                table(
                    "--split",
                    "4",
                    "--methods",
                    "repq-vit",
                    "--schemes",
                    "W4A4,W4A4 g32",
                    "--json"))
            .json();
    assertFalse(result.array("cells").object(1).has("error"), result.toString());
    assertTrue(result.array("cells").object(2).string("error").contains("repq-vit chooses"));
    CommandLineRun.of(table("--split", "4", "--methods", "repq-vit", "--schemes", "W4A4 g32"))
        .failed(ExitStatus.USAGE, "repq-vit chooses");
    CommandLineRun.of(table("--split", "4", "--methods", "rtn", "--schemes", "W4A4,W4"))
        .failed(ExitStatus.USAGE, "W4");
  }

  @Test
  void gplqWritesAModelThatComputesWhatItComputed() throws IOException {
    Path out = place.resolve("out");
    Path report = place.resolve("report.html");
    String[] quantize = {
      "quantize",
      model.toString(),
      "--method",
      "gplq",
      "--scheme",
      "W4A4",
      "--set",
      "train-images=8",
      "--set",
      "batch=4",
      "--calibration",
      images.toString(),
      "--calibration-images",
      "8",
      "--out",
      out.toString(),
      "--report",
      report.toString(),
      "--json",
      "--quiet"
    };
    JsonObject result = CommandLineRun.of(quantize).json();
    assertTrue(Files.readString(report).contains("gplq loss"));
    assertTrue(result.array("phases").size() >= 3);
    JsonObject nibble = Checkpoint.config(out).object("nibble");
    assertTrue(
        nibble.object("provenance").has("curves")
            && nibble.object("provenance").object("facts").has("gplq.directions"));
    assertTrue(nibble.has("site_functions"));
    JsonObject score =
        CommandLineRun.of(
                "eval",
                out.toString(),
                "--images",
                images.toString(),
                "--json",
                "--quiet",
                "--reference",
                out.toString())
            .json();
    JsonObject simulated =
        CommandLineRun.of(
                "eval",
                out.toString(),
                "--images",
                images.toString(),
                "--json",
                "--quiet",
                "--simulated",
                "--reference",
                out.toString())
            .json();
    assertEquals(1, simulated.number("agreement"), "packed and simulated agree");
    assertEquals(score.number("top1"), simulated.number("top1"));
    Path second = place.resolve("second");
    quantize[15] = second.toString();
    assertTrue(CommandLineRun.of(quantize).json().has("folder"));
    assertEquals(
        -1, Files.mismatch(out.resolve(Checkpoint.WEIGHTS), second.resolve(Checkpoint.WEIGHTS)));
    assertEquals(Json.compact(Checkpoint.config(out)), Json.compact(Checkpoint.config(second)));
  }
}
