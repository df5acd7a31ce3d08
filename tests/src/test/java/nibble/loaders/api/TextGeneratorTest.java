package nibble.loaders.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.testing.SharedData;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TextGeneratorTest {
  private static final GenerationOptions SHORT = GenerationOptions.DEFAULTS.withMaxTokens(12);

  @TempDir private Path temp;

  private Path tiny() throws IOException {
    return TinyTextFolders.llama(temp.resolve("model"));
  }

  @Test
  void piecesPutTogetherAreTheText() throws IOException {
    try (TextGenerator generator = TextGenerator.builder(tiny()).threads(1).open()) {
      StringBuilder pieces = new StringBuilder();
      Generation generation =
          generator.generate(
              "Hello",
              SHORT,
              piece -> {
                pieces.append(piece);
                return true;
              });
      assertEquals(generation.text(), pieces.toString());
      assertEquals(6, generation.promptTokens()); // five bytes and the beginning
      assertTrue(generation.tokens() <= 12 && generation.tokens() > 0);
      assertEquals(generation.text(), generator.generate("Hello", SHORT, TextListener.NONE).text());
      GenerationOptions varied = SHORT.withTemperature(1).withSeed(3);
      assertEquals(
          generator.generate("Hello", varied, TextListener.NONE).text(),
          generator.generate("Hello", varied, TextListener.NONE).text());
    }
  }

  @Test
  void manyCallersGetWhatOneGets() throws Exception {
    List<String> prompts = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      prompts.add("prompt number " + i * 37);
    }
    List<String> expected = new ArrayList<>();
    Path folder = tiny();
    try (TextGenerator alone = TextGenerator.builder(folder).threads(1).sequences(1).open()) {
      for (String prompt : prompts) {
        expected.add(alone.generate(prompt, SHORT, TextListener.NONE).text());
      }
    }
    try (TextGenerator generator =
            TextGenerator.builder(folder).threads(2).sequences(4).warmUp().open();
        ExecutorService callers = Executors.newFixedThreadPool(24)) {
      List<Future<String>> found =
          prompts.stream()
              .map(
                  p -> callers.submit(() -> generator.generate(p, SHORT, TextListener.NONE).text()))
              .toList();
      for (int i = 0; i < expected.size(); i++) {
        assertEquals(expected.get(i), found.get(i).get(), prompts.get(i));
      }
    }
  }

  @Test
  void aListenerMayEndTheTextAndASlowOneHoldsUpNobody() throws Exception {
    try (TextGenerator generator = TextGenerator.builder(tiny()).threads(1).sequences(2).open();
        ExecutorService callers = Executors.newFixedThreadPool(2)) {
      Generation stopped = generator.generate("Hello", SHORT, piece -> false);
      assertEquals(Generation.FinishReason.CANCELLED, stopped.finish());
      CountDownLatch slow = new CountDownLatch(1);
      CountDownLatch release = new CountDownLatch(1);
      Future<Generation> held =
          callers.submit(
              () ->
                  generator.generate(
                      "Hello",
                      SHORT,
                      piece -> {
                        slow.countDown();
                        await(release);
                        return true;
                      }));
      await(slow);
      assertFalse(generator.generate("World", SHORT, TextListener.NONE).text().isEmpty());
      release.countDown();
      assertFalse(held.get().text().isEmpty());
      assertThrows(
          IllegalArithmetic.class,
          () ->
              generator.generate(
                  "Hello",
                  SHORT,
                  piece -> {
                    throw new IllegalArithmetic();
                  }));
    }
  }

  private static final class IllegalArithmetic extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void stopTextsAreLeftOut() throws IOException {
    try (TextGenerator generator = TextGenerator.builder(tiny()).threads(1).open()) {
      String whole = generator.generate("Hello", SHORT, TextListener.NONE).text();
      String stop = whole.substring(3, 5);
      Generation cut =
          generator.generate("Hello", SHORT.withStop(List.of(stop)), TextListener.NONE);
      assertEquals(whole.substring(0, whole.indexOf(stop)), cut.text());
      assertEquals(Generation.FinishReason.STOP, cut.finish());
    }
  }

  @Test
  void aConversationGoesThroughTheTemplateAndOnFromItsPrefix() throws IOException {
    Path folder = tiny();
    try (TextGenerator generator = TextGenerator.builder(folder).threads(1).open()) {
      assertTrue(generator.canChat());
      List<ChatMessage> first = List.of(ChatMessage.system("be"), ChatMessage.user("hi"));
      Generation answer = generator.chat(first, SHORT.withMaxTokens(5), TextListener.NONE);
      assertEquals(1 + "<system>be\n<user>hi\n<assistant>".length(), answer.promptTokens());
      List<ChatMessage> second = new ArrayList<>(first);
      second.add(ChatMessage.assistant("ok"));
      second.add(ChatMessage.user("and"));
      String after = generator.chat(second, SHORT.withMaxTokens(5), TextListener.NONE).text();
      try (TextGenerator fresh = TextGenerator.builder(folder).threads(1).open()) {
        assertEquals(fresh.chat(second, SHORT.withMaxTokens(5), TextListener.NONE).text(), after);
      }
    }
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\"}");
    try (TextGenerator plain = TextGenerator.builder(folder).threads(1).open()) {
      assertFalse(plain.canChat());
      assertThrows(
          IllegalArgumentException.class, () -> plain.chat(List.of(ChatMessage.user("hi"))));
    }
  }

  @Test
  void promptsThatDoNotFitAreRefused() throws IOException {
    try (TextGenerator generator = TextGenerator.builder(tiny()).threads(1).open()) {
      assertEquals(96, generator.contextLength());
      assertEquals(5, generator.countTokens("Hello"));
      String message =
          String.valueOf(
              assertThrows(IllegalArgumentException.class, () -> generator.generate("x".repeat(96)))
                  .getMessage());
      assertTrue(message.contains("97") && message.contains("96"), message);
      Generation last =
          generator.generate("x".repeat(90), GenerationOptions.DEFAULTS, TextListener.NONE);
      assertTrue(last.tokens() <= 5, "the model has room for five");
    }
  }

  @Test
  void closingEndsWhatIsRunning() throws Exception {
    TextGenerator generator = TextGenerator.builder(tiny()).threads(1).sequences(1).open();
    CountDownLatch begun = new CountDownLatch(1);
    try (ExecutorService callers = Executors.newFixedThreadPool(2)) {
      Future<Generation> running =
          callers.submit(
              () ->
                  generator.generate(
                      "a",
                      GenerationOptions.DEFAULTS.withMaxTokens(90),
                      piece -> {
                        begun.countDown();
                        return true;
                      }));
      await(begun);
      generator.close();
      generator.close();
      running.get();
      assertThrows(IllegalStateException.class, () -> generator.generate("a"));
    }
  }

  @Test
  void wrongFoldersSaySo() throws IOException {
    Path bert = TinyTextFolders.bert(temp.resolve("bert"));
    String message =
        String.valueOf(
            assertThrows(BadFileException.class, () -> TextGenerator.open(bert)).getMessage());
    assertTrue(message.contains("BertModel") && message.contains("language model"), message);
  }

  @Test
  void tellsTheStoryOfTheReference() {
    JsonObject summary = Json.readObject(SharedData.require("reference/stories260k/summary.json"));
    try (TextGenerator generator =
        TextGenerator.builder(SharedData.require("llm/stories260k")).threads(2).open()) {
      String prompt = summary.string("prompt");
      int tokens = summary.array("greedy_ids").size() - summary.array("prompt_ids").size();
      Generation story =
          generator.generate(
              prompt, GenerationOptions.DEFAULTS.withMaxTokens(tokens), TextListener.NONE);
      assertEquals(summary.string("greedy_text"), prompt + story.text());
      assertEquals(tokens, story.tokens());
    }
  }

  /** A SentencePiece token that begins a word says so only behind another one. */
  @Test
  void aTextThatGoesOnKeepsItsBlank() {
    try (TextGenerator generator =
        TextGenerator.builder(SharedData.require("llm/stories260k")).threads(1).open()) {
      Generation story =
          generator.generate("Once", GenerationOptions.DEFAULTS.withMaxTokens(8), piece -> true);
      assertTrue(story.text().startsWith(" upon a time"), story.text());
    }
  }
}
