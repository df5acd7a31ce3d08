package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import nibble.cli.report.Results;
import nibble.cli.terminal.ExitStatus;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code demo} and {@code compare} on a model that is small enough for a test. */
class DemoCommandTest {
  private static final String HOME = "nibble.home";
  private static final Pattern PLOT = Pattern.compile("<svg.*?</svg>", Pattern.DOTALL);

  @TempDir private Path place;
  private String before = "";

  @BeforeEach
  void goHome() {
    before = System.getProperty(HOME, "");
    System.setProperty(HOME, place.toString());
  }

  @AfterEach
  void leave() {
    if (before.isEmpty()) {
      System.clearProperty(HOME);
    } else {
      System.setProperty(HOME, before);
    }
  }

  @Test
  void demoPrintsATableAndWritesAReport() throws Exception {
    TinyModel.write(place.resolve("models/demo"));
    Path report = place.resolve("report.html");
    Path results = place.resolve("results.json");
    String[] args = {
      "demo",
      "--images",
      "16",
      "--calibration-images",
      "8",
      "--out",
      report.toString(),
      "--results",
      results.toString(),
      "-q"
    };
    String table = CommandLineRun.of(args).done();
    for (String part :
        new String[] {
          "float",
          "RTN",
          "Hadamard + GPTQ",
          "Mixed precision",
          "GPLQ",
          "W8A8",
          "W4A4",
          report.toString()
        }) {
      assertTrue(table.contains(part), table);
    }
    Results stored = Results.fromJson(Json.readObject(results));
    assertEquals(7, stored.rows().size());
    assertEquals("float", stored.rows().getFirst().name());
    for (Results.Row row : stored.rows()) {
      assertTrue(
          row.top1() >= 0 && row.top1() <= 1 && row.agreement() <= 1 && row.imagesPerSecond() > 0,
          row.toString());
      assertTrue(row.bytes() <= stored.rows().getFirst().bytes(), row.toString());
    }
    int plots = checkPage(report);
    assertTrue(plots >= 4, plots + " plots");

    Path again = place.resolve("again.html");
    CommandLineRun.of("report", results.toString(), "--out", again.toString()).done();
    assertEquals(plots, checkPage(again));
  }

  @Test
  void demoWithoutItsModelSaysWhereItShouldBe() {
    CommandLineRun.of("demo")
        .failed(ExitStatus.FAILURE, place.resolve("models/demo") + " does not exist");
    CommandLineRun.of("demo", "--images", "0").failed(ExitStatus.USAGE, "at least 1");
  }

  /** Every model runs in a process of its own, started from the class path of this test. */
  @Test
  void compareMeasuresEveryModelAlone() throws Exception {
    Path model = TinyModel.write(place.resolve("models/demo"));
    Path small = place.resolve("small");
    CommandLineRun.of(
            "quantize",
            model.toString(),
            "--method",
            "rtn",
            "--scheme",
            "W8A8",
            "--out",
            small.toString())
        .done();
    Path results = place.resolve("results.json");
    Path report = place.resolve("report.html");
    JsonObject json =
        CommandLineRun.of(
                "compare",
                "demo",
                small.toString(),
                "--built-in",
                "16",
                "--json",
                "-q",
                "--results",
                results.toString(),
                "--report",
                report.toString())
            .json();
    assertEquals(json, Json.readObject(results));
    Results measured = Results.fromJson(json);
    assertEquals(2, measured.rows().size());
    assertEquals(1, measured.rows().getFirst().agreement());
    assertEquals("INT8, activations INT8 per token", measured.rows().getLast().scheme());
    assertTrue(measured.rows().getLast().agreement() > 0.5);
    assertTrue(measured.rows().getLast().bytes() < measured.rows().getFirst().bytes());
    checkPage(report);
  }

  @Test
  void compareNeedsTwoModelsAndImages() throws IOException {
    String model = TinyModel.write(place.resolve("models/demo")).toString();
    CommandLineRun.of("compare", model).failed(ExitStatus.USAGE, "");
    CommandLineRun.of("compare", model, model, "--built-in", "4", "--batch", "0")
        .failed(ExitStatus.USAGE, "--batch");
  }

  /** Number of plots on the page; each must be well-formed. */
  private static int checkPage(Path page) throws Exception {
    String html = Files.readString(page);
    assertTrue(
        html.toLowerCase(Locale.ROOT).startsWith("<!doctype html>")
            && html.strip().endsWith("</html>"));
    for (String tag :
        new String[] {"html", "head", "body", "table", "tr", "td", "th", "svg", "figure"}) {
      assertEquals(count(html, "<" + tag + "[ >]"), count(html, "</" + tag + ">"), tag);
    }
    Matcher plot = PLOT.matcher(html);
    int plots = 0;
    while (plot.find()) {
      byte[] svg = plot.group().getBytes(StandardCharsets.UTF_8);
      DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(new ByteArrayInputStream(svg));
      assertTrue(!plot.group().contains("NaN"), plot.group());
      plots++;
    }
    return plots;
  }

  private static long count(String text, String pattern) {
    return Pattern.compile(pattern).matcher(text).results().count();
  }
}
