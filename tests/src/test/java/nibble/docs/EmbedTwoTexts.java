package nibble.docs;

import java.nio.file.Path;
import nibble.loaders.api.Embedder;

/** Excerpt of the guide. */
final class EmbedTwoTexts {
  private EmbedTwoTexts() {}

  static double similarity(Path folder, String a, String b) {
    // region embed
    try (Embedder embedder = Embedder.open(folder)) {
      float[] first = embedder.embed(a);
      float[] second = embedder.embed(b);
      // endregion
      double dot = 0;
      for (int i = 0; i < first.length; i++) {
        dot += first[i] * second[i];
      }
      return dot;
    }
  }
}
