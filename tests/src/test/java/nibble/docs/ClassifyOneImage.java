package nibble.docs;

// region classify
import java.nio.file.Path;
import nibble.loaders.model.ImageClassifierSession;

/** Prints what is in one image. */
final class ClassifyOneImage {
  public static void main(String[] args) {
    try (ImageClassifierSession session = ImageClassifierSession.open(Path.of(args[0]), 2)) {
      for (var prediction : session.classify(Path.of(args[1]), 5)) {
        System.out.printf("%5.1f %%  %s%n", 100 * prediction.probability(), prediction.label());
      }
    }
  }
}
// endregion
