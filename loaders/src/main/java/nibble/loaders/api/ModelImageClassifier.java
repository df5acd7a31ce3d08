package nibble.loaders.api;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import nibble.loaders.BadFileException;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.image.PixelSize;
import nibble.loaders.image.RgbImage;
import nibble.loaders.model.LoadedModel;
import nibble.tensor.Tensor;

/**
 * Model, preprocessing, labels and threads in one object. Images are decoded and prepared on the
 * calling thread, in parallel; the model computes one image at a time, with all threads. After the
 * first image the tensors of a call are recycled.
 */
final class ModelImageClassifier implements ImageClassifier {
  private final ModelSession session;
  private final ImagePreprocessor preprocessor;
  private final List<String> labels;

  private ModelImageClassifier(ModelSession session) {
    this.session = session;
    preprocessor = preprocessor(session.loaded());
    labels = session.loaded().labels();
  }

  static ModelImageClassifier open(Path folder, int threads, boolean warmUp) {
    return ModelSession.open(folder, threads, warmUp, "classifier", ModelImageClassifier::new);
  }

  private static ImagePreprocessor preprocessor(LoadedModel loaded) {
    ImagePreprocessor preprocessor = loaded.preprocessor();
    int size = loaded.imageClassifier().imageSize();
    PixelSize found = preprocessor.outputSize().orElse(new PixelSize(size, size));
    if (found.width() != found.height() || !loaded.imageClassifier().takes(found.width())) {
      throw BadFileException.of(
          loaded.checkpoint().folder().resolve(Checkpoint.PREPROCESSOR),
          "makes images of %d x %d pixels, expected %d x %d as in %s"
              .formatted(found.width(), found.height(), size, size, Checkpoint.CONFIG));
    }
    return preprocessor;
  }

  @Override
  public List<Prediction> classify(RgbImage image, int count) {
    if (count < 1) {
      throw new IllegalArgumentException("the number of classes must be at least 1, was " + count);
    }
    Tensor pixels = preprocessor.apply(List.of(image));
    float[] probabilities =
        session.compute(ops -> ops.softmax(session.loaded().model().forward(ops, pixels)));
    List<Prediction> all = new ArrayList<>();
    for (int i = 0; i < probabilities.length; i++) {
      all.add(new Prediction(i, labels.get(i), probabilities[i]));
    }
    all.sort(Comparator.comparingDouble(Prediction::probability).reversed());
    return List.copyOf(all.subList(0, Math.min(count, all.size())));
  }

  @Override
  public void close() {
    session.close();
  }
}
