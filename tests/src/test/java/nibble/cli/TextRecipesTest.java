package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import nibble.cli.terminal.ExitStatus;
import nibble.loaders.json.JsonObject;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recipe of several parts on a language model, as a user runs it. */
class TextRecipesTest {
  @TempDir private Path place = Path.of("");
  private String model = "";
  private String text = "";

  @BeforeEach
  void prepare() throws IOException {
    model = TinyTextFolders.llama(place.resolve("model")).toString();
    text =
        Files.writeString(
                place.resolve("text.txt"), "One day a cat saw a dog. They ran home. ".repeat(20))
            .toString();
  }

  private CommandLineRun quantize(String method, String scheme, Path out) {
    return CommandLineRun.of(
        "quantize",
        model,
        "--method",
        method,
        "--scheme",
        scheme,
        "--calibration",
        text,
        "--calibration-samples",
        "4",
        "--calibration-window",
        "24",
        "--out",
        out.toString());
  }

  @Test
  void aRotationAWeightMethodAndACacheCompose() {
    Path out = place.resolve("out");
    String printed = quantize("quarot+rsq+kv4", "W4A4", out).done();
    assertTrue(printed.contains("key-value cache: INT4"), printed);
    String inspected = CommandLineRun.of("inspect", out.toString()).done();
    assertTrue(inspected.contains("key-value cache  INT4"), inspected);
    assertTrue(inspected.contains("blocks)"), inspected);
    JsonObject plain = CommandLineRun.of("inspect", model, "--json").json();
    assertEquals(0, plain.array("caches").size());
    assertEquals(0, plain.array("site_functions").size());
    assertFalse(CommandLineRun.of("inspect", model).done().contains("cache"));
  }

  @Test
  void quantizersInSitesAreNamed() {
    Path out = place.resolve("out");
    quantize("sage", "W16A16", out).done();
    String inspected = CommandLineRun.of("inspect", out.toString()).done();
    assertTrue(inspected.contains("INT4 per 128 tokens, smoothed"), inspected);
  }

  @Test
  void thePlanSpeaksOfText() {
    String[] plan = {
      "plan",
      model,
      "--method",
      "quarot+rsq+kv4",
      "--scheme",
      "W4A4",
      "--calibration",
      text,
      "--calibration-samples",
      "4",
      "--calibration-window",
      "24"
    };
    String printed = CommandLineRun.of(plan).done();
    assertTrue(printed.contains("4 pieces of text, at most 24 tokens each"), printed);
  }

  @Test
  void partsInTheWrongOrderAreRefused() {
    quantize("kv4+quarot", "W4A4", place.resolve("out"))
        .failed(ExitStatus.USAGE, "prepares with a rotation after kv4");
  }
}
