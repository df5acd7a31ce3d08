package nibble.loaders.api;

import java.nio.file.Path;
import java.util.List;
import nibble.loaders.image.RgbImage;

/**
 * What is in an image.
 *
 * <pre>{@code
 * try (ImageClassifier classifier = ImageClassifier.open(Path.of("model"))) {
 *   classifier.classify(Path.of("cat.jpg"), 5).forEach(System.out::println);
 * }
 * }</pre>
 *
 * <p>Thread-safe.
 */
public interface ImageClassifier extends AutoCloseable {
  /**
   * One class that an image may belong to.
   *
   * @param index of the class, as in the model's configuration
   * @param label its name; its number where the model has no names
   * @param probability 0 to 1; those of all classes add up to 1
   */
  record Prediction(int index, String label, float probability) {}

  /**
   * The classifier in {@code folder}, float or quantized, with all processors; see {@link
   * Builder#open}.
   */
  static ImageClassifier open(Path folder) {
    return builder(folder).open();
  }

  /** To open the classifier in {@code folder} with other settings. */
  static Builder builder(Path folder) {
    return new Builder(folder);
  }

  /** Settings of a classifier. For one thread. */
  final class Builder {
    private final Path folder;
    private int threads = Runtime.getRuntime().availableProcessors();
    private boolean warmUp;

    private Builder(Path folder) {
      this.folder = folder;
    }

    /** Threads that compute, the calling one included; at least 1. */
    public Builder threads(int count) {
      threads = Settings.atLeastOne("threads", count);
      return this;
    }

    /**
     * Lets {@link #open} return when the kernels of the model have been compiled, a second or three
     * later, so that the first call is about as fast as later ones: for programs that stay.
     */
    public Builder warmUp() {
      warmUp = true;
      return this;
    }

    /**
     * Opens the model.
     *
     * @throws nibble.loaders.BadFileException if a file is missing or broken, or the prepared
     *     images do not have the model's size
     */
    public ImageClassifier open() {
      return ModelImageClassifier.open(folder, threads, warmUp);
    }
  }

  /**
   * The {@code count} most probable classes of the JPEG or PNG file {@code image}, the best first;
   * all classes if there are fewer.
   *
   * @throws nibble.loaders.BadFileException if the file is no such image, or the model gives
   *     results that are not finite
   * @throws IllegalStateException if the classifier is closed
   */
  default List<Prediction> classify(Path image, int count) {
    return classify(RgbImage.decode(image), count);
  }

  /** The same for a decoded image. */
  List<Prediction> classify(RgbImage image, int count);

  /**
   * Waits for the image that is being computed, then lets go of threads and files. Closing twice
   * does nothing.
   */
  @Override
  void close();
}
