package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import nibble.cli.terminal.ExitStatus;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.nn.vit.ViT;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizeCommandTest {
  private static final String[] GPTQ = {
    "--method", "gptq", "--scheme", "W4A4", "--calibration", "built-in", "--calibration-images", "8"
  };

  @TempDir private Path place;
  private Path model = Path.of("");

  @BeforeEach
  void writeModel() throws IOException {
    model = TinyModel.write(place.resolve("model"));
  }

  @Test
  void rtnNeedsNoImages() throws IOException {
    Path out = place.resolve("out");
    String text = quantize(out, "--method", "rtn", "--scheme", "W4A8", "--layers").done();
    assertTrue(
        text.contains("blocks.0.mlp.fc1") && text.contains("INT4, activations INT8 per token"),
        text);
    assertTrue(text.contains("8 layers quantized"), text);
    assertEquals(
        Set.of(Checkpoint.CONFIG, Checkpoint.WEIGHTS, Checkpoint.PREPROCESSOR), names(out));
    assertEquals(
        -1,
        Files.mismatch(
            model.resolve(Checkpoint.PREPROCESSOR), out.resolve(Checkpoint.PREPROCESSOR)));
    assertEquals(Set.of("model", "out"), names(place), "nothing else is left");
    JsonObject score =
        CommandLineRun.of(
                "eval",
                out.toString(),
                "--built-in",
                "8",
                "--json",
                "-q",
                "--reference",
                model.toString())
            .json();
    JsonObject simulated =
        CommandLineRun.of("eval", out.toString(), "--built-in", "8", "--json", "-q", "--simulated")
            .json();
    assertEquals(8, score.integer("count"));
    assertEquals(score.number("top1"), simulated.number("top1"));
    assertTrue(score.number("logit_mse") > 0);
  }

  @Test
  void gptqCalibratesAndTellsHow() {
    Path out = place.resolve("out");
    JsonObject result = quantize(out, with(GPTQ, "--json", "--quiet")).json();
    Set<String> expected =
        Set.of(
            "schema",
            "folder",
            "layers",
            "bytes",
            "bytes_before",
            "bits_per_weight",
            "phases",
            "seconds",
            "broken",
            "peak_bytes");
    assertTrue(expected.containsAll(result.keys()), result.keys().toString());
    assertTrue(
        result
            .keys()
            .containsAll(
                Set.of(
                    "schema",
                    "folder",
                    "layers",
                    "bytes",
                    "bytes_before",
                    "bits_per_weight",
                    "phases",
                    "seconds")));
    assertEquals(out.toString(), result.string("folder"));
    assertEquals(TinyModel.LINEARS, result.array("layers").size());
    JsonObject layer = result.array("layers").object(1);
    assertEquals(
        Set.of("name", "format", "weight_error", "bytes", "seconds", "output_error", "input_error"),
        layer.keys());
    assertEquals("blocks.0.attn.q", layer.string("name"));
    assertTrue(result.longInteger("bytes") < result.longInteger("bytes_before"));
    JsonObject provenance = Checkpoint.config(out).object("nibble").object("provenance");
    assertEquals(
        Set.of("program", "recipe", "seed", "calibration_samples", "calibration_sha256"),
        provenance.keys());
    assertEquals(8, provenance.integer("calibration_samples"));
    assertEquals(64, provenance.string("calibration_sha256").length());
  }

  @Test
  void planSaysWhatQuantizeDoes() {
    JsonObject plan =
        CommandLineRun.of(
                with(new String[] {"plan", model.toString(), "--out", "ignored", "--json"}, GPTQ))
            .json();
    JsonObject result = quantize(place.resolve("out"), with(GPTQ, "--json", "--quiet")).json();
    long bytes = 0;
    for (int i = 0; i < result.array("layers").size(); i++) {
      bytes += result.array("layers").object(i).longInteger("bytes");
    }
    assertEquals(TinyModel.LINEARS, plan.integer("layers"));
    assertEquals(bytes, plan.longInteger("bytes_after"));
    assertTrue(plan.bool("needs_calibration"));
    assertFalse(Files.exists(Path.of("ignored")));
    String table =
        CommandLineRun.of(
                "plan", model.toString(), "--method", "rtn", "--scheme", "W3A16", "--layers")
            .done();
    assertTrue(table.contains("INT3") && table.contains("none needed"), table);
    CommandLineRun.of("plan", model.toString(), "--method", "gptk")
        .failed(ExitStatus.USAGE, "did you mean gptq");
  }

  @Test
  void aRecipeFileSaysAll() throws IOException {
    Path recipe = place.resolve("recipe.json");
    JsonObject written = written("--method", "hadamard+rtn", "--scheme", "W4A8");
    Json.write(recipe, written);
    Path out = place.resolve("out");
    quantize(out, "--recipe", recipe.toString()).done();
    assertEquals(
        -1,
        Files.mismatch(
            out.resolve(Checkpoint.WEIGHTS), place.resolve("written").resolve(Checkpoint.WEIGHTS)));
    quantize(place.resolve("b"), "--recipe", recipe.toString(), "--method", "rtn")
        .failed(ExitStatus.USAGE, "--recipe says all");
    Files.writeString(recipe, "{\"version\":1,\"steps\":[{\"step\":\"dance\"}]}");
    quantize(place.resolve("b"), "--recipe", recipe.toString())
        .failed(ExitStatus.FAILURE, recipe.toString());
    Files.writeString(recipe, "{");
    quantize(place.resolve("b"), "--recipe", recipe.toString())
        .failed(ExitStatus.FAILURE, recipe.toString());
    quantize(place.resolve("b"), "--recipe", place.resolve("none.json").toString())
        .failed(ExitStatus.FAILURE, "none.json");
    Files.writeString(recipe, Json.compact(written).replace("patch_embed*", "patch_enbed*"));
    quantize(place.resolve("b"), "--recipe", recipe.toString())
        .failed(ExitStatus.USAGE, "patch_enbed*");
    assertFalse(Files.exists(place.resolve("b")));
    assertEquals(
        Set.of("model", "out", "written", "recipe.json"),
        names(place),
        "a run that failed early is not an interrupted one");
  }

  /** The recipe as a run with {@code args} wrote it into its result. */
  private JsonObject written(String... args) {
    Path out = place.resolve("written");
    quantize(out, args).done();
    return Checkpoint.config(out).object("nibble").object("provenance").object("recipe");
  }

  @Test
  void wrongWishesAreUsageErrorsWithAHint() {
    Path out = place.resolve("out");
    quantize(out, "--method", "gptk").failed(ExitStatus.USAGE, "did you mean gptq");
    quantize(out, "--method", "gptq", "--set", "dampning=0.1")
        .failed(ExitStatus.USAGE, "dampening");
    quantize(out, "--method", "gptq", "--set", "dampening=much")
        .failed(ExitStatus.USAGE, "dampening");
    quantize(out, "--method", "rtn", "--scheme", "W4B8")
        .failed(ExitStatus.USAGE, "for example 'W4A16 g128'");
    quantize(out, "--method", "rtn", "--scheme", "W16A16")
        .failed(ExitStatus.USAGE, "nothing to quantize");
    quantize(out, "--method", "rtn", "--set", "edge-bits=9").failed(ExitStatus.USAGE, "2 to 8");
    quantize(out, "--method", "gptq").failed(ExitStatus.USAGE, "name it with --calibration");
    quantize(out, with(GPTQ, "--calibration-images", "0")).failed(ExitStatus.USAGE, "");
    quantize(out, "--method", "rtn", "--resume")
        .failed(ExitStatus.FAILURE, "no interrupted run to resume");
    CommandLineRun.of("quantize", model.toString(), "--method", "rtn")
        .failed(ExitStatus.USAGE, "--out");
    CommandLineRun.of(
            "quantize",
            place.resolve("none").toString(),
            "--method",
            "rtn",
            "--out",
            out.toString())
        .failed(ExitStatus.FAILURE, "none");
    assertFalse(Files.exists(out));
  }

  @Test
  void gptqIsAFormatToo() {
    Path out = place.resolve("out");
    quantize(
            out,
            "--method",
            "rtn",
            "--scheme",
            "W4A16",
            "--set",
            "edge-bits=16",
            "--format",
            "gptq")
        .done();
    JsonObject quantization = Checkpoint.config(out).object("quantization_config");
    assertEquals("gptq", quantization.string("quant_method"));
    assertEquals(4, quantization.integer("bits"));
    JsonObject score =
        CommandLineRun.of(
                "eval",
                out.toString(),
                "--built-in",
                "8",
                "--json",
                "-q",
                "--reference",
                model.toString())
            .json();
    assertTrue(score.number("logit_mse") > 0);
    quantize(place.resolve("other"), "--method", "rtn", "--scheme", "W4A16", "--format", "awq")
        .failed(ExitStatus.USAGE, "expected compressed-tensors or gptq");
    quantize(
            place.resolve("other"),
            "--method",
            "rtn",
            "--scheme",
            "W4A8",
            "--set",
            "edge-bits=16",
            "--format",
            "gptq")
        .failed(ExitStatus.FAILURE, "has quantized inputs, which the gptq format cannot hold");
    assertFalse(Files.exists(place.resolve("other")));
  }

  @Test
  void aQuantizedModelIsNotQuantizedAgain() {
    Path out = place.resolve("out");
    quantize(out, "--method", "rtn", "--scheme", "W8A8").done();
    CommandLineRun.of(
            "quantize",
            out.toString(),
            "--method",
            "rtn",
            "--out",
            place.resolve("again").toString())
        .failed(ExitStatus.FAILURE, "the model is quantized already");
  }

  @Test
  void whatIsThereIsNotOverwritten() throws IOException {
    Path out = Files.createDirectories(place.resolve("out"));
    Files.writeString(out.resolve("precious"), "x");
    quantize(out, "--method", "rtn").failed(ExitStatus.FAILURE, "not empty");
    assertEquals(Set.of("precious"), names(out));
    Path file = Files.writeString(place.resolve("file"), "x");
    quantize(file, "--method", "rtn").failed(ExitStatus.FAILURE, file.toString());
    quantize(file.resolve("below"), "--method", "rtn").failed(ExitStatus.FAILURE, "below");
    assertEquals(Set.of("model", "out", "file"), names(place));
  }

  @Test
  void aFolderThatCannotBeWrittenIsNamed() {
    Assumptions.assumeTrue(
        Files.isDirectory(Path.of("/proc/self")), "needs a folder that nobody can write to");
    quantize(Path.of("/proc/self/nibble-out"), "--method", "rtn")
        .failed(ExitStatus.FAILURE, "/proc/self/nibble-out");
  }

  /**
   * A damaged head stops a run after seven layers; with the head repaired, nothing that the first
   * seven depend on has changed.
   */
  @Test
  void anInterruptedRunGoesOn() throws IOException {
    Path whole = place.resolve("whole");
    quantize(whole, GPTQ).done();
    Path weights = model.resolve(Checkpoint.WEIGHTS);
    FileTime time = Files.getLastModifiedTime(weights);
    ViT damaged = TinyModel.model();
    damaged.linear("head").weight().floats().array()[3] = Float.NaN;
    TinyModel.write(model, damaged);
    Files.setLastModifiedTime(weights, time);
    Path out = place.resolve("out");
    quantize(out, GPTQ).failed(ExitStatus.FAILURE, "head");
    assertFalse(Files.exists(out));
    assertEquals(TinyModel.LINEARS - 1, names(place.resolve(".out.resume")).size());

    TinyModel.write(model);
    Files.setLastModifiedTime(weights, time);
    quantize(out, GPTQ).failed(ExitStatus.FAILURE, "an interrupted run; go on with --resume");
    quantize(out, with(GPTQ, "--resume", "--seed", "9"))
        .failed(ExitStatus.FAILURE, "belongs to a run with other arguments");
    CommandLineRun resumed = quantize(out, with(GPTQ, "--resume"));
    resumed.done();
    assertTrue(resumed.err().contains("resumed with 7 parts done"), resumed.err());
    assertEquals(Set.of("model", "whole", "out"), names(place));
    for (String file : List.of(Checkpoint.CONFIG, Checkpoint.WEIGHTS)) {
      assertEquals(-1, Files.mismatch(whole.resolve(file), out.resolve(file)), file);
    }
  }

  @Test
  void theSameArgumentsWriteTheSameBytesOnAnyNumberOfThreads() throws IOException {
    quantize(place.resolve("one"), with(GPTQ, "--threads", "1", "--method", "hadamard+gptq"))
        .done();
    quantize(place.resolve("two"), with(GPTQ, "--threads", "2", "--method", "hadamard+gptq"))
        .done();
    for (String file : List.of(Checkpoint.CONFIG, Checkpoint.WEIGHTS)) {
      assertEquals(
          -1,
          Files.mismatch(place.resolve("one").resolve(file), place.resolve("two").resolve(file)),
          file);
    }
  }

  private CommandLineRun quantize(Path out, String... args) {
    return CommandLineRun.of(
        with(new String[] {"quantize", model.toString(), "--out", out.toString()}, args));
  }

  /**
   * The arguments of {@code first} and then {@code more}; an option that occurs in both has the
   * later value.
   */
  private static String[] with(String[] first, String... more) {
    List<String> all = new ArrayList<>(List.of(first));
    for (int i = 0; i < more.length; i++) {
      int at = more[i].startsWith("--") ? all.indexOf(more[i]) : -1;
      if (at >= 0) {
        all.set(at + 1, more[++i]);
      } else {
        all.add(more[i]);
      }
    }
    return all.toArray(String[]::new);
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).collect(Collectors.toSet());
    }
  }
}
