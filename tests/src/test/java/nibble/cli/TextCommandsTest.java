package nibble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import nibble.loaders.api.Embedder;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.testing.SharedData;
import nibble.testing.TinyModelFolder;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands for text, as a user runs them. */
class TextCommandsTest {
  @TempDir private Path temp;

  private record Outcome(int status, String out, String err) {}

  private static Outcome run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Main.run(new PrintWriter(out), new PrintWriter(err), arguments);
    return new Outcome(status, out.toString(), err.toString());
  }

  private static JsonObject json(String... arguments) {
    Outcome outcome = run(arguments);
    assertEquals(0, outcome.status(), outcome.err());
    return Json.parseObject("result", outcome.out());
  }

  @Test
  void embedPrintsAVectorALine() throws IOException {
    String folder = TinyTextFolders.bert(temp.resolve("encoder")).toString();
    Outcome outcome = run("embed", folder, "a cat", "a dog", "--quiet");
    assertEquals(0, outcome.status(), outcome.err());
    List<String> lines = outcome.out().lines().toList();
    assertEquals(2, lines.size());
    float[] printed = new float[32];
    String[] numbers = lines.getFirst().split(" ");
    for (int i = 0; i < 32; i++) {
      printed[i] = Float.parseFloat(numbers[i]);
    }
    try (Embedder embedder = Embedder.open(Path.of(folder))) {
      float[] expected = embedder.embed("a cat");
      for (int i = 0; i < 32; i++) {
        assertEquals(expected[i], printed[i], 1e-5f);
      }
    }
    Path file = Files.write(temp.resolve("texts"), List.of("a cat", "a dog", "a fox"));
    JsonObject result = json("embed", folder, "-f", file.toString(), "--json", "--quiet");
    assertEquals(3, result.array("results").size());
    assertEquals("a fox", result.array("results").object(2).string("text"));
    assertEquals(32, result.array("results").object(2).array("vector").size());
  }

  @Test
  void embedTakesImagesWhereTheModelDoes() throws IOException {
    String folder = TinyModelFolder.write(temp.resolve("model")).toString();
    String image = TinyModelFolder.image(temp.resolve("a.png"), 1).toString();
    JsonObject result = json("embed", folder, image, "--json");
    assertEquals(image, result.array("results").object(0).string("file"));
    assertEquals(32, result.array("results").object(0).array("vector").size());
    assertEquals(2, run("embed", folder, "-f", "x").status());
  }

  @Test
  void generateStreamsOrAnswersWithJson() throws IOException {
    String folder = TinyTextFolders.llama(temp.resolve("writer")).toString();
    JsonObject result = json("generate", folder, "--prompt", "Once", "--max-tokens", "6", "--json");
    assertEquals("Once", result.string("prompt"));
    assertTrue(result.integer("tokens") <= 6);
    Outcome streamed = run("generate", folder, "--prompt", "Once", "--max-tokens", "6");
    assertEquals("Once" + result.string("text") + System.lineSeparator(), streamed.out());
    JsonObject chat =
        json("generate", folder, "--chat", "--system", "be", "--prompt", "hi", "-n", "3", "--json");
    assertEquals(1 + "<system>be\n<user>hi\n<assistant>".length(), chat.integer("prompt_tokens"));
  }

  @Test
  void benchTimesWhatTheModelDoes() throws IOException {
    String writer = TinyTextFolders.llama(temp.resolve("writer")).toString();
    String encoder = TinyTextFolders.bert(temp.resolve("encoder")).toString();
    String[] options = {
      "--kernel", "none", "--seconds", "0.001", "--threads", "1", "--json", "--quiet"
    };
    JsonArray tokens = json(with(options, "bench", writer)).array("speeds");
    assertEquals("prompt of 48 tokens", tokens.object(0).string("work"));
    assertTrue(
        tokens.object(0).number("tokens_per_second") > 0
            && tokens.object(1).number("tokens_per_second") > 0);
    JsonArray texts = json(with(options, "bench", encoder)).array("speeds");
    assertEquals("batch 32 of 16 tokens", texts.object(1).string("work"));
    assertTrue(texts.object(1).number("texts_per_second") > 0);
  }

  private static String[] with(String[] options, String... first) {
    return Stream.concat(Arrays.stream(first), Arrays.stream(options)).toArray(String[]::new);
  }

  @Test
  void wrongUseIsExplained() throws IOException {
    String writer = TinyTextFolders.llama(temp.resolve("writer")).toString();
    String encoder = TinyTextFolders.bert(temp.resolve("encoder")).toString();
    check(2, "--prompt", "generate", writer);
    check(2, "top-p", "generate", writer, "--prompt", "a", "--top-p", "2");
    check(2, "--chat", "generate", writer, "--prompt", "a", "--system", "b");
    check(1, "language model", "generate", encoder, "--prompt", "a");
    check(1, "text encoder", "embed", writer, "a");
    check(2, "at least one text", "embed", encoder);
    check(2, "--text", "eval", writer);
    check(2, "one of --text and --sts", "eval", writer, "--text", "a", "--sts", "b");
    check(1, "missing.txt", "eval", writer, "--text", "missing.txt");
    check(1, "image classifier", "eval", writer, "--built-in", "2");
    check(
        1,
        "language model",
        "eval",
        encoder,
        "--text",
        Files.writeString(temp.resolve("t"), "a b").toString());
    check(2, "window", "eval", writer, "--text", temp.resolve("t").toString(), "--window", "97");
    check(1, "cannot be listened on", "serve", writer, "--host", "192.0.2.1", "--port", "1");
    check(2, "two models", "serve", writer, writer);
  }

  private static void check(int status, String part, String... arguments) {
    Outcome outcome = run(arguments);
    assertEquals(status, outcome.status(), Arrays.toString(arguments) + " " + outcome.err());
    assertTrue(outcome.err().contains(part), Arrays.toString(arguments) + " " + outcome.err());
    assertEquals(1, outcome.err().lines().count(), outcome.err());
  }

  @Test
  void evalMeasuresTextAloneAndBesideAReference() throws IOException {
    String writer = TinyTextFolders.llama(temp.resolve("writer")).toString();
    String text =
        Files.writeString(temp.resolve("text"), "Some words to predict. ".repeat(12)).toString();
    JsonObject alone =
        json(
            "eval",
            writer,
            "--text",
            text,
            "--window",
            "40",
            "--stride",
            "20",
            "--json",
            "--quiet");
    assertEquals(12 * 23, alone.integer("tokens"));
    assertTrue(alone.number("perplexity") > 1 && alone.number("standard_error") > 0);
    JsonObject beside =
        json(
            "eval",
            writer,
            "--text",
            text,
            "--window",
            "40",
            "--reference",
            writer,
            "--json",
            "--quiet");
    assertEquals(0, beside.number("kl"), 1e-9);
    assertEquals(1, beside.number("agreement"));
    assertEquals(
        100,
        json("eval", writer, "--text", text, "--tokens", "100", "--json", "--quiet")
            .integer("tokens"));
  }

  @Test
  void compareMeasuresTextModelsInOneTable() throws IOException {
    String writer = TinyTextFolders.llama(temp.resolve("writer")).toString();
    String small = temp.resolve("small").toString();
    json(
        "quantize",
        writer,
        "--method",
        "rtn",
        "--scheme",
        "W4A16 g16",
        "--out",
        small,
        "--json",
        "--quiet");
    String text =
        Files.writeString(temp.resolve("text"), "Some words to predict. ".repeat(12)).toString();
    JsonArray rows =
        json("compare", writer, small, "--text", text, "--tokens", "200", "--json", "--quiet")
            .array("rows");
    assertEquals(1, rows.object(0).number("agreement"));
    assertEquals(0, rows.object(0).number("kl"));
    assertTrue(
        rows.object(1).number("agreement") < 1 && rows.object(1).number("kl") > 0, rows.toString());
    assertTrue(rows.object(1).object("measures").number("perplexity") > 1, rows.toString());
    assertTrue(rows.object(1).longInteger("bytes") < rows.object(0).longInteger("bytes"));
    assertTrue(
        rows.object(1).object("measures").number("tokens/s") > 0
            && rows.object(1).longInteger("peak_bytes") > 0);
    check(2, "options for images", "compare", writer, small, "--text", text, "--built-in", "4");
  }

  @Test
  void compareMeasuresVectorsOfSentences() throws IOException {
    String encoder = TinyTextFolders.bert(temp.resolve("encoder")).toString();
    String packed = temp.resolve("packed").toString();
    json(
        "quantize",
        encoder,
        "--method",
        "rtn",
        "--scheme",
        "W8A8",
        "--out",
        packed,
        "--json",
        "--quiet");
    String pairs =
        Files.writeString(
                temp.resolve("pairs.tsv"),
                "1\ta cat\ta fox\n5\ta dog\ta dog\n3\ta dog\tdogs and cats\n")
            .toString();
    Outcome outcome = run("compare", encoder, packed, "--sts", pairs, "--markdown", "--quiet");
    assertEquals(0, outcome.status(), outcome.err());
    List<String> lines = outcome.out().lines().toList();
    assertTrue(
        lines
            .getFirst()
            .matches("\\| method \\| scheme \\| Spearman \\| cosine \\| sentences/s \\| size .*"),
        lines.getFirst());
    JsonObject beside =
        json("eval", packed, "--sts", pairs, "--reference", encoder, "--json", "--quiet");
    assertTrue(
        beside.number("cosine") > 0.98 && beside.number("cosine") < 0.9999999, beside.toString());
    assertEquals(
        json("eval", encoder, "--sts", pairs, "--json", "--quiet").number("spearman"),
        beside.number("reference_spearman"));
  }

  @Test
  void quantizedTextModelsKeepTheirTokenizersAndRun() throws IOException {
    String writer = TinyTextFolders.llama(temp.resolve("writer")).toString();
    Path text =
        Files.writeString(
            temp.resolve("text"),
            "Some words to calibrate with.\nAnd a second line of them.\n".repeat(20));
    Path small = temp.resolve("small");
    JsonObject done =
        json(
            "quantize",
            writer,
            "--method",
            "gptq",
            "--scheme",
            "W4A16 g16",
            "--calibration",
            text.toString(),
            "--calibration-samples",
            "4",
            "--calibration-window",
            "32",
            "--out",
            small.toString(),
            "--json",
            "--quiet");
    assertTrue(done.integer("bytes") < done.integer("bytes_before"));
    JsonObject beside =
        json(
            "eval",
            small.toString(),
            "--text",
            text.toString(),
            "--tokens",
            "200",
            "--reference",
            writer,
            "--json",
            "--quiet");
    assertTrue(beside.number("kl") > 0 && beside.number("agreement") > 0.3, beside.toString());
    assertTrue(
        json("generate", small.toString(), "--chat", "--prompt", "hi", "-n", "4", "--json")
                .integer("tokens")
            > 0);

    String encoder = TinyTextFolders.bert(temp.resolve("encoder")).toString();
    Path lines =
        Files.write(
            temp.resolve("lines.jsonl"),
            List.of("\"a cat\"", "{\"text\": \"a dog and a fox\"}", "\"x\""));
    Path packed = temp.resolve("packed");
    json(
        "quantize",
        encoder,
        "--method",
        "gptq",
        "--scheme",
        "W8A8",
        "--calibration",
        lines.toString(),
        "--out",
        packed.toString(),
        "--json",
        "--quiet");
    try (Embedder before = Embedder.open(Path.of(encoder));
        Embedder after = Embedder.open(packed)) {
      float[] a = before.embed("a cat and a dog");
      float[] b = after.embed("a cat and a dog");
      double cosine = 0;
      for (int i = 0; i < a.length; i++) {
        cosine += a[i] * b[i];
      }
      assertTrue(cosine > 0.98 && cosine < 0.9999999, "cosine " + cosine);
    }
    check(
        1,
        "line 1",
        "quantize",
        encoder,
        "--method",
        "gptq",
        "--scheme",
        "W8A8",
        "--calibration",
        Files.writeString(temp.resolve("bad.jsonl"), "7\n").toString(),
        "--out",
        temp.resolve("no").toString());
    check(
        2,
        "calibration",
        "quantize",
        writer,
        "--method",
        "gptq",
        "--scheme",
        "W4A16",
        "--out",
        temp.resolve("no").toString());
  }

  @Test
  void evalGivesTheFiguresOfTheManifest() {
    String stories = SharedData.require("llm/stories260k").toString();
    String text = SharedData.require("text/tinystories-dev.txt").toString();
    JsonObject result =
        json(
            "eval",
            stories,
            "--text",
            text,
            "--tokens",
            "20000",
            "--window",
            "256",
            "--stride",
            "255",
            "--json",
            "--quiet");
    assertEquals(20_000, result.integer("tokens"));
    assertEquals(4.9168, result.number("perplexity"), 0.001 * 4.9168);
  }
}
