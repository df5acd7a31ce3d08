package nibble.loaders.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Token ids of real vocabularies, from the reference outputs of the shared data. */
class ReferenceTokenizersTest {
  private static final String LITERAL = "[CLS] [MASK] literal";

  /** Text and expected ids. */
  private record Case(String text, int[] ids) {
    static List<Case> of(JsonArray array) {
      List<Case> cases = new ArrayList<>();
      for (int i = 0; i < array.size(); i++) {
        cases.add(new Case(array.object(i).string("text"), array.object(i).array("ids").ints()));
      }
      return cases;
    }
  }

  private static JsonObject reference(String file) {
    return Json.readObject(SharedData.require("reference/" + file));
  }

  private static void assertAll(Tokenizer tokenizer, List<Case> cases) {
    assertTrue(cases.size() > 7);
    for (Case c : cases) {
      // The reference treats special tokens in this text as plain text.
      EncodeOptions options = EncodeOptions.DEFAULTS.withMatchSpecial(!c.text.equals(LITERAL));
      assertArrayEquals(c.ids, tokenizer.encode(c.text, options).ids(), c.text);
    }
  }

  @Test
  void bertJsonGivesTheReferenceIds() {
    Tokenizer tokenizer = Tokenizers.load(SharedData.require("tokenizers/bert-uncased-wordpiece"));
    assertAll(tokenizer, Case.of(reference("tokenizer-bert-uncased.json").array("cases")));
    assertAll(tokenizer, Case.of(reference("bert-mini-sts-local/summary.json").array("sentences")));
    assertEquals(
        new SpecialTokens(
            OptionalInt.empty(),
            OptionalInt.empty(),
            OptionalInt.of(0),
            OptionalInt.of(100),
            OptionalInt.of(101),
            OptionalInt.of(102),
            OptionalInt.of(103)),
        tokenizer.special());
    assertEquals(30522, tokenizer.vocabularySize());
  }

  @Test
  void bertVocabTxtGivesTheReferenceIds(@TempDir Path folder) throws IOException {
    Path from = SharedData.require("tokenizers/bert-uncased-wordpiece");
    Files.copy(from.resolve("vocab.txt"), folder.resolve("vocab.txt"));
    Files.copy(from.resolve("tokenizer_config.json"), folder.resolve("tokenizer_config.json"));
    assertAll(
        Tokenizers.load(folder), Case.of(reference("tokenizer-bert-uncased.json").array("cases")));
  }

  @Test
  void gpt2FilesGiveTheReferenceIds() {
    Tokenizer tokenizer = Tokenizers.load(SharedData.require("tokenizers/gpt2-bpe"));
    List<Case> cases = Case.of(reference("tokenizer-gpt2.json").array("cases"));
    assertAll(tokenizer, cases);
    for (Case c : cases) {
      assertEquals(c.text, tokenizer.decode(c.ids, false));
      assertEquals(c.text, streamed(tokenizer, c.ids));
    }
  }

  @Test
  void storiesGiveTheReferenceIds(@TempDir Path folder) throws IOException {
    JsonObject summary = reference("stories260k/summary.json");
    JsonArray array = summary.array("tokenizer_cases");
    Path json = SharedData.require("llm/stories260k");
    Files.copy(json.resolve("tokenizer.model"), folder.resolve("tokenizer.model"));
    for (Tokenizer tokenizer : List.of(Tokenizers.load(json), Tokenizers.load(folder))) {
      assertAll(tokenizer, Case.of(array));
      assertArrayEquals(
          summary.array("prompt_ids").ints(), tokenizer.encode(summary.string("prompt")).ids());
      for (int i = 0; i < array.size(); i++) {
        int[] ids = array.object(i).array("ids").ints();
        assertEquals(array.object(i).string("decoded"), tokenizer.decode(ids, true));
        assertEquals(array.object(i).string("decoded"), streamed(tokenizer, ids));
      }
      int[] greedy = summary.array("greedy_ids").ints();
      assertEquals(summary.string("greedy_text"), tokenizer.decode(greedy, true));
      assertEquals(summary.string("greedy_text"), streamed(tokenizer, greedy));
    }
  }

  @Test
  void realTextGoesThereAndBack() throws IOException {
    Tokenizer gpt2 = Tokenizers.load(SharedData.require("tokenizers/gpt2-bpe"));
    String text = Files.readString(SharedData.require("text/wikitext2-raw-dev.txt"));
    Encoding encoding = gpt2.encode(text);
    assertEquals(text, gpt2.decode(encoding.ids(), false));
    assertTrue(encoding.length() < text.length() / 3, () -> encoding.length() + " tokens");
  }

  static String streamed(Tokenizer tokenizer, int[] ids) {
    TextStream stream = tokenizer.stream(true);
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(stream.next(id));
    }
    return text.append(stream.end()).toString();
  }
}
