package nibble.loaders.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import nibble.testing.TinyModelFolder;
import nibble.testing.TinyTextFolders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageTextEmbedderTest {
  private static final List<String> TEXTS = List.of("a cat", "dogs", "x", "the quick fox");

  @TempDir private Path temp;

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  /**
   * Probabilities grow with the dot products of the vectors: exp(scale * dot), up to a constant
   * (CLIP), or logistic (SigLIP).
   */
  @ParameterizedTest
  @ValueSource(strings = {"clip", "siglip"})
  void vectorsAndProbabilitiesBelongTogether(String type) throws IOException {
    Path image = TinyModelFolder.image(temp.resolve("a.png"), 1);
    try (ImageTextEmbedder embedder =
        ImageTextEmbedder.open(TinyTextFolders.clip(temp.resolve(type), type))) {
      float[] picture = embedder.embedImage(image);
      List<float[]> vectors = embedder.embedTexts(TEXTS);
      assertEquals(32, embedder.dimension());
      assertEquals(32, picture.length);
      assertEquals(1, dot(picture, picture), 1e-5);
      assertArrayEquals(vectors.get(1), embedder.embedText("dogs"), 1e-5f);
      List<ImageClassifier.Prediction> found = embedder.classify(image, TEXTS);
      double[] logits = new double[TEXTS.size()];
      for (ImageClassifier.Prediction p : found) {
        assertEquals(TEXTS.get(p.index()), p.label());
        logits[p.index()] =
            type.equals("clip")
                ? Math.log(p.probability())
                : Math.log(p.probability() / (1.0 - p.probability()));
      }
      double scale =
          (logits[0] - logits[1]) / (dot(picture, vectors.get(0)) - dot(picture, vectors.get(1)));
      for (int i = 2; i < logits.length; i++) {
        assertEquals(
            scale * (dot(picture, vectors.get(i)) - dot(picture, vectors.get(0))),
            logits[i] - logits[0],
            1e-3,
            TEXTS.get(i));
      }
      double sum = found.stream().mapToDouble(ImageClassifier.Prediction::probability).sum();
      assertEquals(type.equals("clip"), Math.abs(sum - 1) < 1e-4, "sum " + sum);
      assertThrows(IllegalArgumentException.class, () -> embedder.classify(image, List.of()));
    }
  }

  @Test
  void siglipReadsTextsInItsCanonicalForm() throws IOException {
    assertEquals("a cat isnt a dog", ClipTexts.canonical("  A cat,\tisn't   a (Dog)! "));
    try (ImageTextEmbedder embedder =
        ImageTextEmbedder.open(TinyTextFolders.clip(temp.resolve("siglip"), "siglip"))) {
      assertArrayEquals(embedder.embedText("a cat"), embedder.embedText("A  cat."));
      assertNotEquals(embedder.embedText("a cat")[0], embedder.embedText("a dog")[0]);
      assertEquals(32, embedder.embedText("a".repeat(500)).length);
    }
  }
}
