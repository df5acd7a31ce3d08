package nibble.docs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.testing.TinyModelFolder;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the examples that README and guide show. */
class EmbeddingExampleTest {
  @TempDir private Path temp;

  @Test
  void classifiesOneImage() throws IOException {
    Path folder = TinyModelFolder.write(temp.resolve("model"));
    Path image = TinyModelFolder.image(temp.resolve("a.png"), 5);
    String printed =
        printedBy(() -> ClassifyOneImage.main(new String[] {folder.toString(), image.toString()}));
    assertEquals(5, printed.lines().count());
    assertTrue(
        printed.lines().allMatch(line -> line.matches(" *\\d+[.,]\\d %  [a-z]{3}")), printed);

    float[] probabilities = ClassifyByHand.probabilities(folder, image);
    float best = 0;
    for (float probability : probabilities) {
      best = Math.max(best, probability);
    }
    assertEquals(
        String.format("%5.1f %%", 100 * best),
        printed.lines().findFirst().orElseThrow().substring(0, 7));
  }

  @Test
  void quantizesAModelThatThenRunsPacked() throws IOException {
    Path folder = TinyModelFolder.write(temp.resolve("model"));
    Path quantized = temp.resolve("model-w4a8");
    List<Path> images = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      images.add(TinyModelFolder.image(temp.resolve(i + ".png"), i));
    }
    String printed = printedBy(() -> QuantizeOneModel.quantize(folder, images, quantized));
    assertTrue(printed.contains("14 of 14: head is INT8, activations INT8 per token"), printed);
    assertTrue(
        Files.size(quantized.resolve("model.safetensors"))
            < Files.size(folder.resolve("model.safetensors")) / 2);
    try (LoadedModel loaded = ModelLoader.load(quantized)) {
      assertEquals(
          "INT4, activations INT8 per token",
          loaded.model().linear("blocks.1.mlp.fc2").matrix().format());
      assertEquals("gnu", loaded.labels().getLast());
    }
    float[] before = ClassifyByHand.probabilities(folder, images.getFirst());
    assertArrayEquals(before, ClassifyByHand.probabilities(quantized, images.getFirst()), 0.2f);
  }

  @Test
  void choosesAmongTexts() throws IOException {
    Path image = TinyModelFolder.image(temp.resolve("a.png"), 5);
    var found = ClassifyByTexts.catOrDog(TinyTextFolders.clip(temp.resolve("clip"), "clip"), image);
    assertEquals(2, found.size());
    assertTrue(found.getFirst().probability() >= found.getLast().probability());
  }

  @Test
  void embedsTexts() throws IOException {
    Path folder = TinyTextFolders.bert(temp.resolve("encoder"));
    assertEquals(1, EmbedTwoTexts.similarity(folder, "a cat", "a cat"), 1e-5);
    assertTrue(EmbedTwoTexts.similarity(folder, "a cat", "zzzz") < 0.999);
  }

  @Test
  void tellsAStory() throws IOException {
    Path folder = TinyTextFolders.llama(temp.resolve("writer"));
    String first = printedBy(() -> TellAStory.main(new String[] {folder.toString(), "Once"}));
    assertFalse(first.isEmpty());
    assertEquals(first, printedBy(() -> TellAStory.main(new String[] {folder.toString(), "Once"})));
  }

  private static String printedBy(Runnable work) {
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      work.run();
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
