package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import nibble.cli.report.Results;
import nibble.cli.terminal.ExitStatus;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.quant.catalogue.MethodCatalogue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CatalogueCommandsTest {
  @TempDir private Path place;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void methodsListsAllAndShowsOne() {
    assertEquals(ExitStatus.DONE, run("methods"));
    MethodCatalogue.standard()
        .cards()
        .forEach(card -> assertTrue(out.toString().contains(card.title()), card.name()));
    out.getBuffer().setLength(0);
    assertEquals(ExitStatus.DONE, run("methods", "gptq"));
    assertTrue(
        out.toString().contains("dampening")
            && out.toString().contains("0.01")
            && out.toString().contains("2210.17323"),
        out.toString());
    out.getBuffer().setLength(0);
    assertEquals(ExitStatus.DONE, run("methods", "gptq", "--json"));
    JsonObject method = Json.parseObject("out", out.toString()).array("methods").object(0);
    assertEquals("gptq", method.string("name"));
    assertEquals("integer", method.array("options").object(0).string("type"));
    assertEquals(ExitStatus.USAGE, run("methods", "gptk"));
    assertEquals("nibble: there is no method 'gptk'; did you mean gptq?\n", err.toString());
  }

  @Test
  void benchMeasuresChosenKernels() {
    assertEquals(
        ExitStatus.DONE,
        run(
            "bench",
            "--kernel",
            "softmax,fwht",
            "--seconds",
            "0.001",
            "--threads",
            "1",
            "--json",
            "-q"));
    JsonObject result = Json.parseObject("out", out.toString());
    assertEquals(
        List.of("fwht", "softmax"),
        List.of(
            result.array("kernels").object(0).string("name"),
            result.array("kernels").object(1).string("name")));
    assertTrue(result.array("peaks").object(0).number("flops") > 0);
    assertEquals(ExitStatus.USAGE, run("bench", "--kernel", "softmx"));
    assertEquals("nibble: there is no kernel 'softmx'; did you mean softmax?\n", err.toString());
  }

  @Test
  void reportDrawsStoredResults() throws Exception {
    Path file = place.resolve("results.json");
    Path page = place.resolve("page.html");
    Json.write(file, Results.titled("Stored").withFact("a", "b").toJson());
    assertEquals(ExitStatus.DONE, run("report", file.toString(), "--out", page.toString()));
    assertTrue(Files.readString(page).contains("<h1>Stored</h1>"));
    Files.writeString(file, "{\"schema\":1}");
    assertEquals(ExitStatus.FAILURE, run("report", file.toString(), "--out", page.toString()));
    assertEquals("nibble: " + file + ": key 'facts' is missing\n", err.toString());
  }

  private int run(String... args) {
    return Main.run(new PrintWriter(out), new PrintWriter(err), args);
  }
}
