package nibble.loaders.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import nibble.loaders.BadFileException;
import nibble.loaders.api.ChatMessage;
import nibble.loaders.api.GenerationOptions;
import nibble.loaders.api.TextGenerator;
import nibble.loaders.api.TextListener;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.loaders.tokenizer.Tokenizers;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceFile;
import nibble.loaders.tokenizer.sentencepiece.SentencePieceModel;
import nibble.testing.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tokenizers written into GGUF files the way llama.cpp's converter does it give the same ids as
 * their own files.
 */
class GgufTokenizerTest {
  private static final List<String> TEXTS =
      List.of(
          "Once upon a time",
          "",
          " two  spaces ",
          "It's 1234 o'clock.\n\n\tTab",
          "größer 中文 🙂",
          "a<|endoftext|>b <s> c</s>");

  @TempDir Path folder;

  private Tokenizer read(GgufBytes bytes) throws IOException {
    try (GgufFile file = GgufFile.open(bytes.write(folder.resolve("t.gguf")))) {
      assertTrue(GgufTokenizer.isIn(file.metadata()));
      return GgufTokenizer.of(file.metadata());
    }
  }

  @Test
  void sentencePieceComesBack() throws IOException {
    Path model = SharedData.require("llm/stories260k/tokenizer.model");
    SentencePieceModel pieces = SentencePieceFile.read(model);
    Tokenizer actual = read(withTokenizer(new GgufBytes(), pieces));
    JsonObject summary = Json.readObject(SharedData.require("reference/stories260k/summary.json"));
    int[] greedy = summary.array("greedy_ids").ints();
    String text = actual.decode(greedy, true);
    Tokenizer expected = Tokenizers.of(model.toString(), pieces, JsonObject.empty());
    for (String each : TEXTS) {
      assertArrayEquals(expected.encode(each).ids(), actual.encode(each).ids(), each);
    }
    assertArrayEquals(expected.encode(text).ids(), actual.encode(text).ids());
    assertEquals(expected.decode(greedy, true), text);
  }

  private static GgufBytes withTokenizer(GgufBytes bytes, SentencePieceModel pieces) {
    List<String> tokens = new ArrayList<>();
    float[] scores = new float[pieces.pieces().size()];
    int[] types = new int[scores.length];
    for (int i = 0; i < scores.length; i++) {
      tokens.add(pieces.pieces().get(i).text());
      scores[i] = pieces.pieces().get(i).score();
      types[i] = pieces.pieces().get(i).type().ordinal() + 1;
    }
    return bytes
        .key("tokenizer.ggml.model", "llama")
        .key("tokenizer.ggml.tokens", tokens)
        .key("tokenizer.ggml.scores", scores)
        .key("tokenizer.ggml.token_type", types)
        .key("tokenizer.ggml.bos_token_id", 1)
        .key("tokenizer.ggml.eos_token_id", 2)
        .key("tokenizer.ggml.unknown_token_id", 0)
        .key("tokenizer.ggml.remove_extra_whitespaces", pieces.normalizer().removeExtraSpaces());
  }

  /** A file alone, with nothing beside it, writes the text that the folder writes. */
  @Test
  void aFileAloneGeneratesText() throws IOException {
    Path model = SharedData.require("llm/stories260k");
    GgufBytes bytes =
        withTokenizer(
            GgufConversion.bytes(model), SentencePieceFile.read(model.resolve("tokenizer.model")));
    bytes.key(
        "tokenizer.chat_template",
        "{{ bos_token }}{% for message in messages %}{{ message['content'] }}{% endfor %}");
    Path file = bytes.write(folder.resolve("stories.gguf"));
    GenerationOptions options = GenerationOptions.DEFAULTS.withMaxTokens(30);
    try (TextGenerator expected = TextGenerator.builder(model).threads(1).open();
        TextGenerator actual = TextGenerator.builder(file).threads(1).open()) {
      String text = expected.generate("Once upon a time", options, TextListener.NONE).text();
      assertEquals(text, actual.generate("Once upon a time", options, TextListener.NONE).text());
      assertEquals(
          text,
          actual
              .chat(List.of(ChatMessage.user("Once upon a time")), options, TextListener.NONE)
              .text());
    }
  }

  @Test
  void byteLevelComesBack() throws IOException {
    Path own = SharedData.require("tokenizers/gpt2-bpe");
    JsonObject vocabulary = Json.readObject(own.resolve("vocab.json"));
    Map<Integer, String> byId = new TreeMap<>();
    vocabulary.keys().forEach(token -> byId.put(vocabulary.integer(token), token));
    int[] types = new int[byId.size()];
    Arrays.fill(types, 1);
    types[vocabulary.integer("<|endoftext|>")] = 3;
    List<String> merges =
        Files.readAllLines(own.resolve("merges.txt")).stream()
            .filter(line -> !line.startsWith("#") && !line.isEmpty())
            .toList();
    GgufBytes bytes =
        new GgufBytes()
            .key("tokenizer.ggml.model", "gpt2")
            .key("tokenizer.ggml.pre", "gpt-2")
            .key("tokenizer.ggml.tokens", List.copyOf(byId.values()))
            .key("tokenizer.ggml.token_type", types)
            .key("tokenizer.ggml.merges", merges)
            .key("tokenizer.ggml.bos_token_id", vocabulary.integer("<|endoftext|>"))
            .key("tokenizer.ggml.add_bos_token", true);
    Tokenizer actual = read(bytes);
    JsonObject reference = Json.readObject(SharedData.require("reference/tokenizer-gpt2.json"));
    Tokenizer expected = Tokenizers.load(own);
    int checked = 0;
    for (String text : TEXTS) {
      int[] ids = actual.encode(text).ids();
      assertEquals(vocabulary.integer("<|endoftext|>"), ids[0]);
      if (!text.contains("<|")) {
        assertArrayEquals(
            expected.encode(text).ids(), Arrays.copyOfRange(ids, 1, ids.length), text);
        assertEquals(text, actual.decode(Arrays.copyOfRange(ids, 1, ids.length), true));
        checked++;
      }
    }
    assertTrue(checked > 3 && !reference.keys().isEmpty());
    assertEquals(4, actual.encode("a<|endoftext|>b").ids().length, "one token between two");
  }

  @Test
  void splittersOfKnownModelsAreMade() throws IOException {
    List<String> tokens = List.of("1", "2", "12", "a", "<s>");
    for (String pre : new String[] {"gpt-2", "llama-bpe", "qwen2", "smollm"}) {
      Tokenizer tokenizer =
          read(
              new GgufBytes()
                  .key("tokenizer.ggml.model", "gpt2")
                  .key("tokenizer.ggml.pre", pre)
                  .key("tokenizer.ggml.tokens", tokens)
                  .key("tokenizer.ggml.token_type", new int[] {1, 1, 1, 1, 3})
                  .key("tokenizer.ggml.merges", List.of("1 2")));
      boolean digits = pre.equals("qwen2") || pre.equals("smollm");
      assertArrayEquals(
          digits ? new int[] {0, 1, 4, 3} : new int[] {2, 4, 3},
          tokenizer.encode("12<s>a").ids(),
          pre);
    }
  }

  @Test
  void damageIsToldInOneLine() {
    refuse(
        new GgufBytes()
            .key("tokenizer.ggml.model", "bert")
            .key("tokenizer.ggml.tokens", List.of("a")),
        "is 'bert', expected llama or gpt2");
    refuse(
        new GgufBytes().key("tokenizer.ggml.model", "llama"),
        "key 'tokenizer.ggml.tokens' is missing");
    GgufBytes one =
        new GgufBytes()
            .key("tokenizer.ggml.model", "gpt2")
            .key("tokenizer.ggml.tokens", List.of("a", "a"))
            .key("tokenizer.ggml.merges", List.of());
    refuse(one.key("tokenizer.ggml.pre", "gpt-2"), "has 'a' twice");
    refuse(
        new GgufBytes()
            .key("tokenizer.ggml.model", "gpt2")
            .key("tokenizer.ggml.tokens", List.of("a"))
            .key("tokenizer.ggml.merges", List.of())
            .key("tokenizer.ggml.pre", "tekken"),
        "is 'tekken', expected gpt-2, llama-bpe, qwen2 or smollm");
    GgufBytes types =
        new GgufBytes()
            .key("tokenizer.ggml.model", "llama")
            .key("tokenizer.ggml.tokens", List.of("a"));
    refuse(types.key("tokenizer.ggml.token_type", new int[] {1, 2}), "has 2 elements for 1 tokens");
    GgufBytes scores =
        new GgufBytes()
            .key("tokenizer.ggml.model", "llama")
            .key("tokenizer.ggml.tokens", List.of("a"))
            .key("tokenizer.ggml.scores", new float[] {1});
    refuse(
        scores.key("tokenizer.ggml.token_type", new int[] {9}),
        "is 9 for token 0, expected 1 to 6");
    GgufBytes ids =
        new GgufBytes()
            .key("tokenizer.ggml.model", "llama")
            .key("tokenizer.ggml.tokens", List.of("a"))
            .key("tokenizer.ggml.scores", new float[] {1});
    refuse(
        ids.key("tokenizer.ggml.bos_token_id", 7),
        "key 'tokenizer.ggml.bos_token_id' is 7, expected 0 to 0");
  }

  private void refuse(GgufBytes bytes, String expected) {
    String message = assertThrows(BadFileException.class, () -> read(bytes)).getMessage();
    assertTrue(message.contains("t.gguf") && message.contains(expected), message);
    assertEquals(1, message.lines().count());
  }
}
