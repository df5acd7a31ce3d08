package nibble.loaders.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceFile;
import nibble.testing.GoldenFiles;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What SentencePiece makes of tiny models: {@code tests/golden/sentencepiece}. */
class SentencePieceGoldenTest {
  /** Special tokens in the text are plain text for SentencePiece, and it adds none unless asked. */
  private static final EncodeOptions PLAIN = new EncodeOptions(false, false, null);

  @TestFactory
  Stream<DynamicTest> everyModelGivesTheIdsOfSentencePiece() {
    String other = System.getProperty("nibble.tests.sentencepiece", "");
    JsonObject golden =
        Json.readObject(
            other.isEmpty() ? GoldenFiles.of("sentencepiece/cases.json") : Path.of(other));
    JsonArray cases = golden.array("cases");
    assertTrue(cases.size() > 6);
    return IntStream.range(0, cases.size())
        .mapToObj(
            i ->
                DynamicTest.dynamicTest(
                    cases.object(i).string("name"),
                    () -> check(cases.object(i), golden.strings("texts"))));
  }

  private static void check(JsonObject c, List<String> texts) {
    byte[] model = Base64.getDecoder().decode(c.string("model"));
    Tokenizer tokenizer =
        Tokenizers.of("x.model", SentencePieceFile.parse("x.model", model), JsonObject.empty());
    for (int i = 0; i < texts.size(); i++) {
      int[] expected = c.array("ids").array(i).ints();
      assertArrayEquals(expected, tokenizer.encode(texts.get(i), PLAIN).ids(), texts.get(i));
      String decoded = c.array("decoded").string(i);
      if (!decoded.contains("\u2047")) { // SentencePiece writes an unknown token so
        assertEquals(decoded, tokenizer.decode(expected, false), texts.get(i));
      }
    }
  }
}
