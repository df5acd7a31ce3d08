package nibble.loaders.json;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import nibble.loaders.BadFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  @TempDir Path folder;

  private static final String CONFIG =
      """
      {"hidden_size": 192, "layer_norm_eps": 1e-06, "name": "ti\\u00f1y \\ud83d\\ude00", "bias": true, "none": null,
       "big": 9007199254740993, "vision": {"size": [224, 224], "names": ["a", "b"]}}\
      """;

  @Test
  void typedAccessorsReadEachKind() {
    JsonObject config = Json.parseObject("config.json", CONFIG);
    assertEquals(192, config.integer("hidden_size"));
    assertEquals(1e-6, config.number("layer_norm_eps"));
    assertEquals("tiñy 😀", config.string("name"));
    assertTrue(config.bool("bias"));
    assertEquals(9007199254740993L, config.longInteger("big"));
    assertArrayEquals(new int[] {224, 224}, config.object("vision").array("size").ints());
    assertEquals(List.of("a", "b"), config.object("vision").strings("names"));
    assertEquals(7, config.integer("none", 7));
    assertEquals("x", config.string("absent", "x"));
    assertFalse(config.has("none"));
  }

  @Test
  void errorsNameFileAndKey() {
    JsonObject config = Json.parseObject("config.json", CONFIG);
    assertError(
        "config.json: key 'name' is a string, expected an integer", c -> c.integer("name"), config);
    assertError("config.json: key 'absent' is missing", c -> c.string("absent"), config);
    assertError(
        "config.json: key 'vision.size[0]' is the number 224, expected a string",
        c -> c.object("vision").strings("size"),
        config);
    assertError(
        "config.json: key 'layer_norm_eps' is the number 1e-06, expected an integer",
        c -> c.integer("layer_norm_eps", 3),
        config);
    assertError(
        "config.json: key 'big' is the number 9007199254740993, expected an integer of at most 32"
            + " bits",
        c -> c.integer("big"),
        config);
    assertError(
        "config.json: key 'none' is null, expected an object", c -> c.object("none"), config);
  }

  private static void assertError(String message, Consumer<JsonObject> access, JsonObject config) {
    assertEquals(
        message, assertThrows(BadFileException.class, () -> access.accept(config)).getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[1,",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"b\":1,\"b\":2}}",
        "[1] 2",
        "{'a':1}",
        "NaN",
        "[Infinity]",
        "01",
        "1.",
        ".5",
        "nul",
        "\"\\ud800\"",
        "\"\\udc00x\"",
        "{\"\\ud800\":1}",
        "\"a\nb\"",
        "[1,]",
        "// c\n1",
        "\uFEFF1"
      })
  void brokenDocumentsAreRejectedInOneLine(String text) {
    String message =
        assertThrows(BadFileException.class, () -> Json.parse("x.json", text)).getMessage();
    assertTrue(message.startsWith("x.json: "), message);
    assertTrue(message.lines().count() == 1, message);
  }

  @Test
  void limitsHold() {
    JsonLimits limits = new JsonLimits(40_000, 10, 50);
    assertThrows(
        BadFileException.class, () -> Json.parse("x", "[".repeat(11) + "]".repeat(11), limits));
    assertThrows(
        BadFileException.class, () -> Json.parse("x", "\"" + "a".repeat(20_000) + "\"", limits));
    assertThrows(BadFileException.class, () -> Json.parse("x", " ".repeat(60_000) + "1", limits));
    assertThrows(BadFileException.class, () -> Json.parse("x", "1".repeat(2000)));
    assertThrows(BadFileException.class, () -> Json.parse("x", "[".repeat(1_000_000)));
  }

  @Test
  void integersMustFit() {
    JsonArray array =
        (JsonArray) Json.parse("x", "[1e3, 8.0, 99999999999999999999, 1e999, 1e999999999, 0.5]");
    assertEquals(1000, array.integer(0));
    assertEquals(8, array.integer(1));
    for (int i = 2; i < 6; i++) {
      int index = i;
      assertThrows(BadFileException.class, () -> array.longInteger(index));
    }
    assertThrows(BadFileException.class, () -> array.number(3));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"b\":1,\"a\":[1.50,-2e+5,true,null,{}],\"c\":{}}",
        "[]",
        "\"\\\"\\\\\\n\\u0001é\""
      })
  void compactTextReadsBackAndKeepsOrderAndDigits(String text) {
    JsonValue value = Json.parse("x", text);
    assertEquals(text, Json.compact(value));
    assertEquals(value, Json.parse("x", Json.pretty(value)));
  }

  @Test
  void prettyTextIsIndented() {
    JsonObject value =
        JsonObject.builder()
            .put("b", 1)
            .put("a", JsonArray.ofDoubles(0.5))
            .put("c", JsonObject.empty())
            .put("d", "x")
            .put("e", 1e-6)
            .build();
    assertEquals(
        """
        {
          "b": 1,
          "a": [
            0.5
          ],
          "c": {},
          "d": "x",
          "e": 1.0E-6
        }\
        """,
        Json.pretty(value));
  }

  @Test
  void filesAreReadAndWritten() throws IOException {
    Path file = folder.resolve("a.json");
    JsonValue value = Json.parse("x", CONFIG);
    Json.write(file, value);
    assertEquals(value, Json.read(file));
    Files.write(file, new byte[] {'"', (byte) 0xC3, (byte) 0x28, '"'});
    assertEquals(
        file + ": is not valid UTF-8 text",
        assertThrows(BadFileException.class, () -> Json.read(file)).getMessage());
    Path missing = folder.resolve("missing.json");
    assertEquals(
        missing + ": no such file",
        assertThrows(BadFileException.class, () -> Json.read(missing)).getMessage());
    assertThrows(BadFileException.class, () -> Json.read(folder));
    try (var entries = Files.list(folder)) {
      assertEquals(List.of(file), entries.toList());
    }
  }

  @Test
  void keysCanBeReplacedAndRemoved() {
    JsonObject config = Json.parseObject("c", "{\"a\":1,\"b\":2}");
    assertEquals("{\"a\":\"x\",\"b\":2}", config.with("a", new JsonString("x")).toString());
    assertEquals("{\"b\":2}", config.without("a").toString());
    assertEquals("{\"a\":1,\"b\":2}", config.toString());
    assertThrows(
        IllegalArgumentException.class, () -> JsonObject.builder().put("a", 1).put("a", 2));
    assertThrows(IllegalArgumentException.class, () -> JsonNumber.of(Double.NaN));
  }
}
