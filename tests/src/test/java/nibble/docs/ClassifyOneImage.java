package nibble.docs;

// region classify
import java.nio.file.Path;
import nibble.loaders.api.ImageClassifier;

/** Prints what is in one image. */
final class ClassifyOneImage {
  public static void main(String[] args) {
    try (ImageClassifier classifier = ImageClassifier.open(Path.of(args[0]))) {
      for (var prediction : classifier.classify(Path.of(args[1]), 5)) {
        System.out.printf("%5.1f %%  %s%n", 100 * prediction.probability(), prediction.label());
      }
    }
  }
}
// endregion
