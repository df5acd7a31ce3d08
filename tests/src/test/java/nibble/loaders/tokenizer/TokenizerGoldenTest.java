package nibble.loaders.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.core.AlignedText;
import nibble.loaders.tokenizer.normalize.Normalizers;
import nibble.loaders.tokenizer.normalize.TextNormalizer;
import nibble.loaders.tokenizer.split.Splitters;
import nibble.loaders.tokenizer.split.TextSplitter;
import nibble.testing.GoldenFiles;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What the Rust library of Hugging Face makes of small tokenizers: {@code tests/golden/tokenizers}.
 */
class TokenizerGoldenTest {
  private static final JsonObject GOLDEN = Json.readObject(GoldenFiles.of("tokenizers/cases.json"));

  /**
   * Steps that make one character of several: the library gives the range of one of these, Nibble
   * that of all.
   */
  private static final Set<String> WIDER =
      Set.of(
          "nfc",
          "nfkc",
          "nfd strip accents",
          "bert",
          "replace regex",
          "precompiled",
          "sequence",
          "qwen2",
          "clip");

  @TestFactory
  Stream<DynamicTest> everyStepGivesThePiecesOfTheLibrary() {
    return each("pieces", TokenizerGoldenTest::checkPieces);
  }

  @TestFactory
  Stream<DynamicTest> everyTokenizerGivesTheEncodingsOfTheLibrary() {
    return each("full", TokenizerGoldenTest::checkFull);
  }

  private static Stream<DynamicTest> each(String kind, Consumer<JsonObject> check) {
    JsonArray cases = GOLDEN.array(kind);
    assertTrue(cases.size() > 15);
    return IntStream.range(0, cases.size())
        .mapToObj(
            i ->
                DynamicTest.dynamicTest(
                    cases.object(i).string("name"), () -> check.accept(cases.object(i))));
  }

  private static void checkPieces(JsonObject c) {
    TextNormalizer normalizer =
        c.findObject("normalizer").map(Normalizers::of).orElse(Normalizers.NONE);
    TextSplitter splitter = c.findObject("pre_tokenizer").map(Splitters::of).orElse(Splitters.NONE);
    List<String> texts = GOLDEN.strings("texts");
    for (int i = 0; i < texts.size(); i++) {
      List<Part> expected = expected(texts.get(i), c.array("expected").array(i));
      List<Part> found = pieces(normalizer, splitter, texts.get(i));
      assertEquals(
          expected.stream().map(Part::text).toList(), found.stream().map(Part::text).toList());
      for (int p = 0; p < found.size(); p++) {
        assertTrue(
            found.get(p).isWhereExpected(expected.get(p), WIDER.contains(c.string("name"))),
            found.get(p) + ", expected " + expected.get(p));
      }
    }
  }

  /** A piece and its range in the text. */
  private record Part(String text, int start, int end) {
    /**
     * A {@code wider} one may cover up to 3 characters more: those that were put together with, or
     * dropped beside, the expected ones.
     */
    boolean isWhereExpected(Part expected, boolean wider) {
      return wider
          ? start <= expected.start
              && end >= expected.end
              && end - start <= expected.end - expected.start + 3
          : start == expected.start && end == expected.end;
    }
  }

  private static List<Part> expected(String text, JsonArray expected) {
    List<Part> pieces = new ArrayList<>();
    for (int i = 0; i < expected.size(); i += 3) {
      pieces.add(
          new Part(
              expected.string(i),
              unit(text, expected.integer(i + 1)),
              unit(text, expected.integer(i + 2))));
    }
    return pieces;
  }

  private static int unit(String text, int codePoints) {
    return text.offsetByCodePoints(0, codePoints);
  }

  private static List<Part> pieces(TextNormalizer normalizer, TextSplitter splitter, String text) {
    List<AlignedText> parts = new ArrayList<>();
    if (!text.isEmpty()) {
      AlignedText normalized = normalizer.apply(AlignedText.of(text));
      if (!normalized.isEmpty()) {
        splitter.split(normalized.slice(0, normalized.length()), parts);
      }
    }
    return parts.stream()
        .map(part -> new Part(part.text(), part.start(0), part.end(part.length() - 1)))
        .toList();
  }

  private static void checkFull(JsonObject c) {
    Tokenizer tokenizer = Tokenizers.of(c.object("tokenizer"));
    for (int i = 0; i < c.array("expected").size(); i++) {
      JsonObject expected = c.array("expected").object(i);
      String text = expected.string("text");
      Encoding encoding =
          expected.has("pair")
              ? tokenizer.encode(text, expected.string("pair"), EncodeOptions.DEFAULTS)
              : tokenizer.encode(text);
      assertArrayEquals(expected.array("ids").ints(), encoding.ids(), text);
      assertArrayEquals(expected.array("type_ids").ints(), encoding.typeIds(), text);
      assertArrayEquals(expected.array("special").ints(), encoding.specialTokensMask(), text);
      assertEquals(expected.string("decoded"), tokenizer.decode(encoding.ids(), false), text);
      assertEquals(expected.string("skipped"), tokenizer.decode(encoding.ids(), true), text);
      assertEquals(
          expected.string("skipped"),
          ReferenceTokenizersTest.streamed(tokenizer, encoding.ids()),
          text);
      assertOffsets(expected, encoding);
    }
  }

  private static void assertOffsets(JsonObject expected, Encoding encoding) {
    int[] offsets = expected.array("offsets").ints();
    for (int i = 0; i < encoding.length(); i++) {
      String text = encoding.sequence(i) == 1 ? expected.string("pair") : expected.string("text");
      String place = text + " token " + i;
      assertEquals(unit(text, offsets[2 * i]), encoding.start(i), place);
      assertEquals(unit(text, offsets[2 * i + 1]), encoding.end(i), place);
    }
  }
}
