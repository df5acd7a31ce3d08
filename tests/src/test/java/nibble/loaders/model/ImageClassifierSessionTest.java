package nibble.loaders.model;

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
import nibble.loaders.model.ImageClassifierSession.Prediction;
import nibble.testing.TinyModelFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageClassifierSessionTest {
  @TempDir private Path temp;

  @Test
  void classesComeBestFirstWithTheirNames() throws IOException {
    Path image = TinyModelFolder.image(temp.resolve("a.png"), 1);
    try (ImageClassifierSession session = ImageClassifierSession.open(TinyModelFolder.write(temp.resolve("model")), 2)) {
      List<Prediction> all = session.classify(image, 100);
      assertEquals(7, all.size());
      assertEquals(1, all.stream().mapToDouble(Prediction::probability).sum(), 1e-6);
      for (int i = 1; i < all.size(); i++) {
        assertTrue(all.get(i - 1).probability() >= all.get(i).probability());
      }
      assertEquals(List.of("ant", "bee", "cat", "dog", "elk", "fox", "gnu"), all.stream().sorted((a, b) -> a.index() - b.index()).map(Prediction::label).toList());
      assertEquals(all.subList(0, 3), session.classify(image, 3));
      assertThrows(IllegalArgumentException.class, () -> session.classify(image, 0));
    }
  }

  @Test
  void manyThreadsGetWhatOneGets() throws Exception {
    Path folder = TinyModelFolder.write(temp.resolve("model"));
    List<Path> images = new ArrayList<>();
    List<List<Prediction>> expected = new ArrayList<>();
    try (ImageClassifierSession session = ImageClassifierSession.open(folder, 1)) {
      for (int i = 0; i < 8; i++) {
        images.add(TinyModelFolder.image(temp.resolve(i + ".png"), i));
        expected.add(session.classify(images.get(i), 7));
      }
    }
    try (ImageClassifierSession session = ImageClassifierSession.open(folder, 2);
        ExecutorService callers = Executors.newFixedThreadPool(4)) {
      List<Future<List<Prediction>>> found = images.stream().map(image -> callers.submit(() -> session.classify(image, 7))).toList();
      for (int i = 0; i < 8; i++) {
        assertEquals(expected.get(i), found.get(i).get());
      }
    }
  }

  @Test
  void aClosedSessionSaysSo() throws IOException {
    Path image = TinyModelFolder.image(temp.resolve("a.png"), 1);
    ImageClassifierSession session = ImageClassifierSession.open(TinyModelFolder.write(temp.resolve("model")), 2);
    session.close();
    session.close();
    assertEquals("this session is closed", assertThrows(IllegalStateException.class, () -> session.classify(image, 1)).getMessage());
  }

  @Test
  void foldersThatDoNotFitAreRefusedWhenOpened() throws IOException {
    Path folder = TinyModelFolder.write(temp.resolve("model"), 14);
    assertMessage("makes images of 14 x 14 pixels, expected 12 x 12", folder);
    Files.delete(folder.resolve("preprocessor_config.json"));
    assertMessage("has no preprocessor_config.json", folder);
  }

  private static void assertMessage(String part, Path folder) {
    String message = String.valueOf(assertThrows(BadFileException.class, () -> ImageClassifierSession.open(folder, 1)).getMessage());
    assertTrue(message.contains(part), message);
  }
}
