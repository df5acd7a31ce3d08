package nibble.docs;

import java.nio.file.Path;
import java.util.List;
import nibble.loaders.api.ImageClassifier.Prediction;
import nibble.loaders.api.ImageTextEmbedder;

/** Excerpt of the guide. */
final class ClassifyByTexts {
  private ClassifyByTexts() {}

  static List<Prediction> catOrDog(Path folder, Path picture) {
    // region zero-shot
    try (ImageTextEmbedder embedder = ImageTextEmbedder.open(folder)) {
      return embedder.classify(picture, List.of("a photo of a cat", "a photo of a dog"));
    }
    // endregion
  }
}
