package nibble.loaders.api;

import java.nio.file.Path;
import java.util.List;
import nibble.loaders.api.ImageClassifier.Prediction;
import nibble.loaders.image.RgbImage;

/**
 * Images and texts to vectors of one space (CLIP, SigLIP): the dot product of two says how well
 * they fit. So a text finds images, and names of classes that no training has seen classify them.
 *
 * <pre>{@code
 * try (ImageTextEmbedder embedder = ImageTextEmbedder.open(Path.of("model"))) {
 *   embedder.classify(Path.of("pet.jpg"), List.of("a photo of a cat", "a photo of a dog")).forEach(System.out::println);
 * }
 * }</pre>
 *
 * <p>Thread-safe.
 */
public interface ImageTextEmbedder extends AutoCloseable {
  /**
   * The model in {@code folder}, float or quantized, with all processors; see {@link Builder#open}.
   */
  static ImageTextEmbedder open(Path folder) {
    return builder(folder).open();
  }

  /** To open the model in {@code folder} with other settings. */
  static Builder builder(Path folder) {
    return new Builder(folder);
  }

  /** Settings. For one thread. */
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
     * Opens the model, its tokenizer and its image preprocessing.
     *
     * @throws nibble.loaders.BadFileException if a file is missing or broken, or the model is none
     *     of images and texts
     */
    public ImageTextEmbedder open() {
      return ModelImageTextEmbedder.open(folder, threads, warmUp);
    }
  }

  /** The vector of {@code text}, of length 1; text beyond what the model takes is cut off. */
  default float[] embedText(String text) {
    return embedTexts(List.of(text)).getFirst();
  }

  /** The vectors of {@code texts} in their order. */
  List<float[]> embedTexts(List<String> texts);

  /** The vector of {@code image}, of length 1. */
  float[] embedImage(RgbImage image);

  /** The same for a JPEG or PNG file. */
  default float[] embedImage(Path image) {
    return embedImage(RgbImage.decode(image));
  }

  /**
   * How well each of {@code texts} describes {@code image}, the best first. With CLIP the
   * probabilities add up to 1 over the texts; with SigLIP each text has one of its own.
   *
   * @throws IllegalArgumentException if there are no texts
   */
  List<Prediction> classify(RgbImage image, List<String> texts);

  /** The same for a JPEG or PNG file. */
  default List<Prediction> classify(Path image, List<String> texts) {
    return classify(RgbImage.decode(image), texts);
  }

  /** Numbers of a vector. */
  int dimension();

  /**
   * Waits for what is being computed, then lets go of threads and files. Closing twice does
   * nothing.
   */
  @Override
  void close();
}
