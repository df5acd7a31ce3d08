package nibble.loaders.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import nibble.loaders.BadFileException;
import nibble.loaders.data.SentencePairs;
import nibble.nn.evaluation.Correlation;
import nibble.testing.SharedData;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbedderTest {
  private static final float TOLERANCE = 1e-5f;

  @TempDir private Path temp;

  @Test
  void aTextHasTheSameVectorAloneAndInCompany() throws IOException {
    List<String> texts = List.of("a", "the cat sat on the mat.", "", "dog dog dog", "x y z");
    try (Embedder embedder =
        Embedder.builder(TinyTextFolders.bert(temp.resolve("model")))
            .threads(2)
            .batchTokens(20)
            .open()) {
      assertEquals(32, embedder.dimension());
      assertEquals(24, embedder.maxTokens());
      List<float[]> all = embedder.embed(texts);
      for (int i = 0; i < texts.size(); i++) {
        assertArrayEquals(embedder.embed(texts.get(i)), all.get(i), TOLERANCE);
        assertEquals(1, norm(all.get(i)), TOLERANCE);
      }
      assertEquals(List.of(), embedder.embed(List.of()));
    }
  }

  private static double norm(float[] vector) {
    double sum = 0;
    for (float value : vector) {
      sum += value * value;
    }
    return Math.sqrt(sum);
  }

  @Test
  void longTextsAreCutOffAndPrefixesCount() throws IOException {
    Path folder = TinyTextFolders.bert(temp.resolve("model"));
    try (Embedder embedder = Embedder.builder(folder).threads(1).maxTokens(6).open();
        Embedder prefixed = Embedder.builder(folder).threads(1).prefix("q. ").warmUp().open();
        Embedder plain = Embedder.builder(folder).threads(1).open()) {
      assertEquals(6, embedder.countTokens("a b c d e f g h"));
      assertArrayEquals(embedder.embed("a b c d"), embedder.embed("a b c d e f g h"), TOLERANCE);
      assertArrayEquals(plain.embed("q. a b"), prefixed.embed("a b"), TOLERANCE);
      assertEquals(24, plain.countTokens("a ".repeat(1000)));
    }
  }

  @Test
  void manyThreadsGetTheirOwnVectors() throws Exception {
    try (Embedder embedder =
            Embedder.builder(TinyTextFolders.bert(temp.resolve("model"))).threads(2).open();
        ExecutorService callers = Executors.newFixedThreadPool(8)) {
      List<float[]> expected = new ArrayList<>();
      List<Future<float[]>> found = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        expected.add(embedder.embed("word " + (char) ('a' + i % 26)));
      }
      for (int i = 0; i < 64; i++) {
        String text = "word " + (char) ('a' + i % 26);
        found.add(callers.submit(() -> embedder.embed(text)));
      }
      for (int i = 0; i < 64; i++) {
        assertArrayEquals(expected.get(i), found.get(i).get(), TOLERANCE);
      }
    }
  }

  @Test
  void wrongFoldersAndClosedEmbeddersSaySo() throws IOException {
    Path llama = TinyTextFolders.llama(temp.resolve("llama"));
    String message =
        String.valueOf(
            assertThrows(BadFileException.class, () -> Embedder.open(llama)).getMessage());
    assertTrue(message.contains("LlamaForCausalLM") && message.contains("text encoder"), message);
    Path bert = TinyTextFolders.bert(temp.resolve("bert"));
    Embedder embedder = Embedder.builder(bert).threads(1).open();
    embedder.close();
    embedder.close();
    assertThrows(IllegalStateException.class, () -> embedder.embed("a"));
    Files.writeString(
        bert.resolve("vocab.txt"), Files.readString(bert.resolve("vocab.txt")) + "more\nwords\n");
    assertTrue(
        String.valueOf(assertThrows(BadFileException.class, () -> Embedder.open(bert)).getMessage())
            .contains("59"));
    Files.delete(bert.resolve("vocab.txt"));
    assertThrows(BadFileException.class, () -> Embedder.open(bert));
  }

  /** 0.7438 is what an independent implementation gets. */
  @Test
  void ranksRealSentencesAsPeopleDo() {
    List<SentencePairs.Pair> pairs =
        SentencePairs.read(SharedData.require("sts/sts-dev.tsv")).pairs();
    double[] scores = new double[pairs.size()];
    double[] cosines = new double[pairs.size()];
    try (Embedder embedder =
        Embedder.builder(SharedData.require("bert/bert-mini-sts-local")).threads(2).open()) {
      List<float[]> first = embedder.embed(pairs.stream().map(SentencePairs.Pair::first).toList());
      List<float[]> second =
          embedder.embed(pairs.stream().map(SentencePairs.Pair::second).toList());
      for (int i = 0; i < scores.length; i++) {
        scores[i] = pairs.get(i).score();
        for (int k = 0; k < first.get(i).length; k++) {
          cosines[i] += first.get(i)[k] * second.get(i)[k];
        }
      }
    }
    assertEquals(0.7438, Correlation.spearman(scores, cosines), 1e-4);
  }
}
