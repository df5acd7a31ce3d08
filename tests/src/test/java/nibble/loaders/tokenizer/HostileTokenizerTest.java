package nibble.loaders.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceFile;
import nibble.testing.GoldenFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostileTokenizerTest {
  private static final byte[] MODEL =
      Base64.getDecoder()
          .decode(
              Json.readObject(GoldenFiles.of("sentencepiece/cases.json"))
                  .array("cases")
                  .object(1)
                  .string("model"));

  private static String refusal(String json) {
    String message =
        assertThrows(BadFileException.class, () -> Tokenizers.of(Json.parseObject("t.json", json)))
            .getMessage();
    assertTrue(message.startsWith("t.json: ") && message.lines().count() == 1, message);
    return message.substring("t.json: ".length());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      quoteCharacter = '`',
      value = {
        "{} # key 'model' is missing",
        "{'model': {'type': 'Magic'}} # key 'model.type' is 'Magic', expected BPE, WordPiece,"
            + " WordLevel or Unigram",
        "{'model': M, 'extra': 1} # key 'extra' is not known, expected only version, truncation,"
            + " padding, added_tokens, normalizer, pre_tokenizer, post_processor, decoder, model",
        "{'model': M, 'version': '2.0'} # key 'version' is '2.0', expected 1.0",
        "{'model': M, 'normalizer': {'type': 'Upper'}} # key 'normalizer.type' is 'Upper', which is"
            + " not a known normalizer",
        "{'model': M, 'normalizer': {'type': 'Sequence', 'normalizers': [{'type': 'NFC', 'fast':"
            + " true}]}} # key 'normalizer.normalizers[0].fast' is not known, expected none",
        "{'model': M, 'pre_tokenizer': {'type': 'Words'}} # key 'pre_tokenizer.type' is 'Words',"
            + " which is not a known pre-tokenizer",
        "{'model': M, 'pre_tokenizer': {'type': 'Split', 'pattern': {'Regex': '(?<a>x)'},"
            + " 'behavior': 'Isolated'}} # key 'pre_tokenizer.pattern.Regex' is a regular"
            + " expression that is not supported: a group of this kind at character 0",
        "{'model': M, 'pre_tokenizer': {'type': 'Split', 'pattern': {'Regex': 'a\\\\K'},"
            + " 'behavior': 'Isolated'}} # key 'pre_tokenizer.pattern.Regex' is a regular"
            + " expression that is not supported: the escape \\K at character 1",
        "{'model': M, 'pre_tokenizer': {'type': 'Split', 'pattern': {'String': ''}, 'behavior':"
            + " 'Isolated'}} # key 'pre_tokenizer.pattern.String' is empty, expected at least one"
            + " character",
        "{'model': M, 'pre_tokenizer': {'type': 'Split', 'pattern': {'String': 'a'}, 'behavior':"
            + " 'Kept'}} # key 'pre_tokenizer.behavior' is 'Kept', expected Removed, Isolated,"
            + " Contiguous, MergedWithPrevious or MergedWithNext",
        "{'model': M, 'pre_tokenizer': {'type': 'Metaspace', 'replacement': '__'}} # key"
            + " 'pre_tokenizer.replacement' is '__', expected one character",
        "{'model': M, 'pre_tokenizer': {'type': 'Metaspace', 'replacement': '_',"
            + " 'add_prefix_space': false, 'prepend_scheme': 'first'}} # key"
            + " 'pre_tokenizer.prepend_scheme' is 'first', which contradicts add_prefix_space ="
            + " false",
        "{'model': M, 'post_processor': {'type': 'Own'}} # key 'post_processor.type' is 'Own',"
            + " which is not a known post-processor",
        "{'model': M, 'post_processor': {'type': 'TemplateProcessing', 'single': [{'SpecialToken':"
            + " {'id': 'x', 'type_id': 0}}], 'pair': [], 'special_tokens': {}}} # key"
            + " 'post_processor.special_tokens.x' is missing",
        "{'model': M, 'post_processor': {'type': 'TemplateProcessing', 'single': [{'Sequence':"
            + " {'id': 'B', 'type_id': 0}}], 'pair': [], 'special_tokens': {}}} # key"
            + " 'post_processor.single' names text B, but there is only A",
        "{'model': M, 'decoder': {'type': 'Magic'}} # key 'decoder.type' is 'Magic', which is not a"
            + " known decoder",
        "{'model': M, 'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': '!'}} # key"
            + " 'normalizer.precompiled_charsmap' is not valid Base64",
        "{'model': M, 'normalizer': {'type': 'Precompiled', 'precompiled_charsmap': '////fw=='}} #"
            + " key 'normalizer.precompiled_charsmap' has 4 bytes that are not a whole map",
        "{'model': {'type': 'BPE', 'vocab': {'a': -1}, 'merges': []}} # key 'model.vocab.a' has id"
            + " -1, expected 0 to 9999999",
        "{'model': {'type': 'BPE', 'vocab': {'a': 2147483647}, 'merges': []}} # key 'model.vocab.a'"
            + " has id 2147483647, expected 0 to 9999999",
        "{'model': {'type': 'BPE', 'vocab': {'a': 1, 'b': 1}, 'merges': []}} # key 'model.vocab'"
            + " has id 1 for two tokens, 'a' and 'b'",
        "{'model': {'type': 'BPE', 'vocab': {'a': 1.5}, 'merges': []}} # key 'model.vocab.a' is the"
            + " number 1.5, expected an integer",
        "{'model': {'type': 'BPE', 'vocab': {'a': 1, 'b': 2}, 'merges': ['a b']}} # key"
            + " 'model.merges' has merge 0, 'a' and 'b', of which a part or the result is not in"
            + " vocab",
        "{'model': {'type': 'BPE', 'vocab': {'a': 1}, 'merges': ['a']}} # key 'model.merges' has 1"
            + " parts in merge 0, 'a', expected 2",
        "{'model': {'type': 'BPE', 'dropout': 0.1, 'vocab': {}, 'merges': []}} # key"
            + " 'model.dropout' is not 0; tokens would be chosen at random",
        "{'model': {'type': 'WordPiece', 'vocab': {'a': 1}}} # key 'model.vocab' has no token"
            + " '[UNK]', which stands for unknown words",
        "{'model': {'type': 'Unigram', 'unk_id': 3, 'vocab': [['a', 0]]}} # key 'model.unk_id' is"
            + " 3, expected 0 to 0",
        "{'model': {'type': 'Unigram', 'vocab': [['a']]}} # key 'model.vocab' has entry 0, expected"
            + " a token of at most 4096 characters and its score",
        "{'model': M, 'added_tokens': [{'id': 0, 'content': ''}]} # key 'added_tokens[0].content'"
            + " has 0 characters, expected 1 to 4096",
        "{'model': M, 'added_tokens': [{'id': 5, 'content': 'a'}]} # key 'added_tokens[0].id' is 5"
            + " for 'a', which has id 1 in the vocabulary",
        "{'model': M, 'truncation': {'max_length': 0}} # key 'truncation.max_length' is 0, expected"
            + " at least 1",
      })
  void whatIsNotKnownOrDoesNotFitIsNamed(String json, String message) {
    String model =
        "{\"type\": \"WordLevel\", \"unk_token\": \"u\", \"vocab\": {\"u\": 0, \"a\": 1}}";
    assertEquals(
        message,
        refusal(json.replace('\'', '"').replace("M,", model + ",").replace("M}", model + "}")));
  }

  @Test
  void deepAndLongFilesAreRefused() {
    String model =
        "\"model\": {\"type\": \"WordLevel\", \"unk_token\": \"u\", \"vocab\": {\"u\": 0}}";
    String nested = "{\"type\": \"Sequence\", \"normalizers\": [".repeat(200) + "]}".repeat(200);
    refusal("{" + model + ", \"normalizer\": " + nested + "}");
    refusal(
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\""
            + "a".repeat(5000)
            + "\": 0}, \"merges\": []}}");
    String regex = "(".repeat(9000) + ")".repeat(900);
    refusal(
        "{"
            + model
            + ", \"pre_tokenizer\": {\"type\": \"Split\", \"behavior\": \"Isolated\", \"pattern\":"
            + " {\"Regex\": \""
            + regex
            + "\"}}}");
  }

  @Test
  void aRegularExpressionThatExplodesIsStopped() {
    String model =
        "\"model\": {\"type\": \"WordLevel\", \"unk_token\": \"u\", \"vocab\": {\"u\": 0}}";
    for (String regex : new String[] {"(a+)+b", "(a|aa)+c", "(?:a|b)*c"}) {
      Tokenizer tokenizer =
          Tokenizers.of(
              Json.parseObject(
                  "t.json",
                  "{"
                      + model
                      + ", \"pre_tokenizer\": {\"type\": \"Split\", \"behavior\": \"Isolated\","
                      + " \"pattern\": {\"Regex\": \""
                      + regex
                      + "\"}}}"));
      String message =
          assertThrows(BadFileException.class, () -> tokenizer.encode("a".repeat(50_000)))
              .getMessage();
      assertEquals(
          "t.json: key 'pre_tokenizer.pattern.Regex' takes too many steps on a text of 50000"
              + " characters",
          message);
    }
  }

  @Test
  void textWithoutAnUnknownTokenIsRefusedWhenItComes() {
    Tokenizer tokenizer =
        Tokenizers.of(
            Json.parseObject(
                "t.json",
                "{\"model\": {\"type\": \"Unigram\", \"unk_id\": null, \"vocab\": [[\"a\","
                    + " -1]]}}"));
    assertEquals(1, tokenizer.encode("a").length());
    assertThrows(BadFileException.class, () -> tokenizer.encode("b"));
  }

  /**
   * Any part of a real file put in place of another, or cut out: it loads and encodes, or it is
   * refused.
   */
  @Property(tries = 150)
  void damagedFilesAreRefusedOrWork(
      @ForAll @IntRange(max = 18) int index,
      @ForAll int at,
      @ForAll @IntRange(max = 40) int cut,
      @ForAll int from,
      @ForAll @IntRange(max = 40) int copied) {
    String text = Json.compact(GoldenTokenizers.json(index));
    int start = Math.floorMod(at, text.length());
    int source = Math.floorMod(from, text.length());
    String damaged =
        text.substring(0, start)
            + text.substring(source, Math.min(text.length(), source + copied))
            + text.substring(Math.min(text.length(), start + cut));
    try {
      Tokenizer tokenizer = Tokenizers.of(Json.parseObject("t.json", damaged));
      tokenizer.decode(tokenizer.encode("Hello wörld <s> 日本 🙂 12").ids(), true);
    } catch (BadFileException e) {
      assertFalse(String.valueOf(e.getMessage()).isEmpty());
    }
  }

  @Property(tries = 250)
  void damagedSentencePieceFilesAreRefusedOrWork(
      @ForAll int at,
      @ForAll byte value,
      @ForAll boolean truncate,
      @ForAll int second,
      @ForAll byte other) {
    byte[] bytes =
        truncate ? java.util.Arrays.copyOf(MODEL, Math.floorMod(at, MODEL.length)) : MODEL.clone();
    if (!truncate) {
      bytes[Math.floorMod(at, bytes.length)] = value;
      bytes[Math.floorMod(second, 4000)] = other;
    }
    try {
      Tokenizer tokenizer =
          Tokenizers.of("x.model", SentencePieceFile.parse("x.model", bytes), JsonObject.empty());
      tokenizer.decode(tokenizer.encode("Hello wörld <s> 日本 🙂 12 ﬁ ½").ids(), true);
    } catch (BadFileException e) {
      assertTrue(String.valueOf(e.getMessage()).startsWith("x.model: "), e.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "0A # ends too early",
        "0AFF01 # announces 255 bytes, but only 0 follow",
        "0AFFFFFFFFFFFFFFFFFF01 # announces 18446744073709551615 bytes, but only 0 follow",
        "0AFFFFFFFFFFFFFFFFFFFFFF01 # has an integer of more than 10 bytes",
        "0B # has a field of wire type 3, expected bytes",
        "'' # has no pieces; not a SentencePiece model",
        "00 # has field number 0",
        "0A0A0A016115000000001800 # piece 0: has type 0, expected 1 to 6",
        "0A030A0161 # has no unknown piece",
        "0A050A01611802 12021803 # has model_type 3, expected 1 (unigram) or 2 (bpe)",
        "0A071502 00C07F1802 # piece 0: has the number NaN",
      })
  void lyingSentencePieceFilesAreRefused(String hex, String problem) {
    byte[] bytes = java.util.HexFormat.of().parseHex(hex.replace(" ", ""));
    String message =
        assertThrows(BadFileException.class, () -> SentencePieceFile.parse("x.model", bytes))
            .getMessage();
    assertEquals("x.model: " + problem, message);
  }

  @Test
  void foldersWithoutATokenizerAreRefused(@TempDir Path folder) throws IOException {
    assertEquals(
        folder + "/none: no such folder",
        assertThrows(BadFileException.class, () -> Tokenizers.load(folder.resolve("none")))
            .getMessage());
    String none = assertThrows(BadFileException.class, () -> Tokenizers.load(folder)).getMessage();
    assertEquals(
        folder
            + ": has no tokenizer: neither tokenizer.json, vocab.txt, vocab.json nor"
            + " tokenizer.model",
        none);
    Files.writeString(folder.resolve("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n");
    String sep = assertThrows(BadFileException.class, () -> Tokenizers.load(folder)).getMessage();
    assertEquals(folder.resolve("vocab.txt") + ": has no token '[SEP]'", sep);
    Files.writeString(
        folder.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"MPNetTokenizer\"}");
    String family =
        assertThrows(BadFileException.class, () -> Tokenizers.load(folder)).getMessage();
    assertTrue(
        family.endsWith(
            "belongs to the tokenizer class 'MPNet', which is only supported with a"
                + " tokenizer.json"),
        family);
    Files.write(folder.resolve("tokenizer.json"), "{\"model\": {".getBytes(StandardCharsets.UTF_8));
    assertTrue(
        assertThrows(BadFileException.class, () -> Tokenizers.load(folder))
            .getMessage()
            .contains("tokenizer.json: not valid JSON"));
  }
}
