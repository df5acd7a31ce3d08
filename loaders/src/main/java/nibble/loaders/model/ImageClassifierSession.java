package nibble.loaders.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.BadFileException;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.image.PixelSize;
import nibble.loaders.image.RgbImage;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * A model folder that answers what is in an image: model, preprocessing, labels and threads in one object, for programs that embed Nibble.
 *
 * <pre>{@code
 * try (ImageClassifierSession session = ImageClassifierSession.open(Path.of("model"), 2)) {
 *   session.classify(Path.of("cat.jpg"), 5).forEach(System.out::println);
 * }
 * }</pre>
 *
 * <p>Thread-safe. Images are decoded and prepared on the calling thread, in parallel; the model computes one image at a time, with all of
 * the session's threads. After the first image the tensors of a call are recycled.
 */
public final class ImageClassifierSession implements AutoCloseable {
  /**
   * One class that an image may belong to.
   *
   * @param index of the class, as in the model's configuration
   * @param label its name; its number where the model has no names
   * @param probability 0 to 1; those of all classes add up to 1
   */
  public record Prediction(int index, String label, float probability) {}

  private final LoadedModel loaded;
  private final ImagePreprocessor preprocessor;
  private final List<String> labels;
  private final Ops ops;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean closed;

  private ImageClassifierSession(LoadedModel loaded, ImagePreprocessor preprocessor, Ops ops) {
    this.loaded = loaded;
    this.preprocessor = preprocessor;
    this.labels = loaded.labels();
    this.ops = ops;
  }

  /**
   * The classifier in {@code folder}, float or quantized.
   *
   * @param threads that compute, the calling one included; at least 1
   * @throws BadFileException if a file is missing or broken, or the prepared images do not have the model's size
   */
  public static ImageClassifierSession open(Path folder, int threads) {
    LoadedModel loaded = ModelLoader.load(folder);
    try {
      return new ImageClassifierSession(loaded, preprocessor(loaded), new Ops(WorkSplitter.ofThreads(threads)));
    } catch (RuntimeException e) {
      loaded.close();
      throw e;
    }
  }

  private static ImagePreprocessor preprocessor(LoadedModel loaded) {
    Checkpoint checkpoint = loaded.checkpoint();
    ImagePreprocessor preprocessor =
        ImagePreprocessor.fromJson(
            checkpoint
                .preprocessorConfig()
                .orElseThrow(() -> BadFileException.of(checkpoint.folder(), "has no %s, which says how images are prepared".formatted(Checkpoint.PREPROCESSOR))));
    int size = loaded.imageClassifier().imageSize();
    PixelSize found = preprocessor.outputSize().orElse(new PixelSize(size, size));
    if (found.width() != size || found.height() != size) {
      throw BadFileException.of(
          checkpoint.folder().resolve(Checkpoint.PREPROCESSOR),
          "makes images of %d x %d pixels, expected %d x %d as in %s".formatted(found.width(), found.height(), size, size, Checkpoint.CONFIG));
    }
    return preprocessor;
  }

  /**
   * The {@code count} most probable classes of the JPEG or PNG file {@code image}, the best first; all classes if there are fewer.
   *
   * @throws BadFileException if the file is no such image, or the model gives results that are not finite
   * @throws IllegalStateException if the session is closed
   */
  public List<Prediction> classify(Path image, int count) {
    return classify(RgbImage.decode(image), count);
  }

  /** The same for a decoded image. */
  public List<Prediction> classify(RgbImage image, int count) {
    if (count < 1) {
      throw new IllegalArgumentException("the number of classes must be at least 1, was " + count);
    }
    float[] probabilities = probabilities(preprocessor.apply(List.of(image)));
    List<Prediction> all = new ArrayList<>();
    for (int i = 0; i < probabilities.length; i++) {
      all.add(new Prediction(i, labels.get(i), probabilities[i]));
    }
    all.sort(Comparator.comparingDouble(Prediction::probability).reversed());
    return List.copyOf(all.subList(0, Math.min(count, all.size())));
  }

  private float[] probabilities(Tensor pixels) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("this session is closed");
      }
      float[] probabilities = forward(pixels);
      for (float probability : probabilities) {
        if (!Float.isFinite(probability)) {
          throw loaded.notFinite();
        }
      }
      return probabilities;
    } finally {
      lock.unlock();
    }
  }

  private float[] forward(Tensor pixels) {
    try (Ops.Mode inference = ops.noGrad();
        Scope scope = ops.scope()) {
      return ops.softmax(loaded.model().forward(ops, pixels)).toFloats();
    }
  }

  /** Waits for the image that is being computed, then ends the threads and unmaps the files. Closing twice does nothing. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        ops.close();
        loaded.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
