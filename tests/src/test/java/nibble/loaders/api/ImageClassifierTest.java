package nibble.loaders.api;

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
import nibble.loaders.api.ImageClassifier.Prediction;
import nibble.testing.TinyModelFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageClassifierTest {
  @TempDir private Path temp;

  @Test
  void classesComeBestFirstWithTheirNames() throws IOException {
    Path image = TinyModelFolder.image(temp.resolve("a.png"), 1);
    try (ImageClassifier classifier =
        ImageClassifier.builder(TinyModelFolder.write(temp.resolve("model"))).threads(2).open()) {
      List<Prediction> all = classifier.classify(image, 100);
      assertEquals(7, all.size());
      assertEquals(1, all.stream().mapToDouble(Prediction::probability).sum(), 1e-6);
      for (int i = 1; i < all.size(); i++) {
        assertTrue(all.get(i - 1).probability() >= all.get(i).probability());
      }
      assertEquals(
          List.of("ant", "bee", "cat", "dog", "elk", "fox", "gnu"),
          all.stream().sorted((a, b) -> a.index() - b.index()).map(Prediction::label).toList());
      assertEquals(all.subList(0, 3), classifier.classify(image, 3));
      assertThrows(IllegalArgumentException.class, () -> classifier.classify(image, 0));
    }
  }

  @Test
  void manyThreadsGetWhatOneGets() throws Exception {
    Path folder = TinyModelFolder.write(temp.resolve("model"));
    List<Path> images = new ArrayList<>();
    List<List<Prediction>> expected = new ArrayList<>();
    try (ImageClassifier classifier = ImageClassifier.builder(folder).threads(1).open()) {
      for (int i = 0; i < 8; i++) {
        images.add(TinyModelFolder.image(temp.resolve(i + ".png"), i));
        expected.add(classifier.classify(images.get(i), 7));
      }
    }
    try (ImageClassifier classifier = ImageClassifier.builder(folder).threads(2).warmUp().open();
        ExecutorService callers = Executors.newFixedThreadPool(4)) {
      List<Future<List<Prediction>>> found =
          images.stream()
              .map(image -> callers.submit(() -> classifier.classify(image, 7)))
              .toList();
      for (int i = 0; i < 8; i++) {
        assertEquals(expected.get(i), found.get(i).get());
      }
    }
  }

  @Test
  void aClosedSessionSaysSo() throws IOException {
    Path image = TinyModelFolder.image(temp.resolve("a.png"), 1);
    ImageClassifier classifier =
        ImageClassifier.builder(TinyModelFolder.write(temp.resolve("model"))).threads(2).open();
    classifier.close();
    classifier.close();
    assertEquals(
        "this classifier is closed",
        assertThrows(IllegalStateException.class, () -> classifier.classify(image, 1))
            .getMessage());
  }

  @Test
  void foldersThatDoNotFitAreRefusedWhenOpened() throws IOException {
    Path folder = TinyModelFolder.write(temp.resolve("model"), 14);
    assertMessage("makes images of 14 x 14 pixels, expected 12 x 12", folder);
    Files.delete(folder.resolve("preprocessor_config.json"));
    assertMessage("has no preprocessor_config.json", folder);
  }

  private static void assertMessage(String part, Path folder) {
    String message =
        String.valueOf(
            assertThrows(
                    BadFileException.class, () -> ImageClassifier.builder(folder).threads(1).open())
                .getMessage());
    assertTrue(message.contains(part), message);
  }
}
