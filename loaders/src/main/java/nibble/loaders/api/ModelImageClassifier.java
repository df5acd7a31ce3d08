package nibble.loaders.api;

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
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * Model, preprocessing, labels and threads in one object. Images are decoded and prepared on the calling thread, in parallel; the model
 * computes one image at a time, with all threads. After the first image the tensors of a call are recycled.
 */
final class ModelImageClassifier implements ImageClassifier {
  private final LoadedModel loaded;
  private final ImagePreprocessor preprocessor;
  private final List<String> labels;
  private final Ops ops;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean closed;

  private ModelImageClassifier(LoadedModel loaded, ImagePreprocessor preprocessor, Ops ops) {
    this.loaded = loaded;
    this.preprocessor = preprocessor;
    this.labels = loaded.labels();
    this.ops = ops;
  }

  static ModelImageClassifier open(Path folder, int threads) {
    LoadedModel loaded = ModelLoader.load(folder);
    try {
      return new ModelImageClassifier(loaded, preprocessor(loaded), new Ops(WorkSplitter.ofThreads(threads)));
    } catch (RuntimeException e) {
      loaded.close();
      throw e;
    }
  }

  private static ImagePreprocessor preprocessor(LoadedModel loaded) {
    ImagePreprocessor preprocessor = loaded.preprocessor();
    int size = loaded.imageClassifier().imageSize();
    PixelSize found = preprocessor.outputSize().orElse(new PixelSize(size, size));
    if (found.width() != found.height() || !loaded.imageClassifier().takes(found.width())) {
      throw BadFileException.of(
          loaded.checkpoint().folder().resolve(Checkpoint.PREPROCESSOR),
          "makes images of %d x %d pixels, expected %d x %d as in %s".formatted(found.width(), found.height(), size, size, Checkpoint.CONFIG));
    }
    return preprocessor;
  }

  @Override
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
        throw new IllegalStateException("this classifier is closed");
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
