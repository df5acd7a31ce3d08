package nibble.cli.command;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import nibble.cli.evaluation.NotFiniteException;
import nibble.cli.terminal.CommandFailure;
import nibble.loaders.hf.ModelFolder;
import nibble.loaders.image.ImagePreprocessor;
import nibble.loaders.image.PixelSize;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.nn.ImageClassifier;
import nibble.nn.Linear;
import nibble.nn.Model;

/** A model that a user named, with what is needed to feed it. */
record OpenModel(String name, LoadedModel loaded) implements AutoCloseable {
  /** Name of the model that ships with this program. */
  static final String DEMO = "demo";

  /** Folder of the program, set by its launcher. */
  private static final String HOME = "nibble.home";

  /** Opens a folder, a model of the hub cache, or {@link #DEMO}. */
  static OpenModel of(String name) {
    return new OpenModel(name, ModelLoader.load(folder(name)));
  }

  /** Where the model lies. */
  static Path folder(String name) {
    if (!name.equals(DEMO) || Files.isDirectory(Path.of(name))) {
      return ModelFolder.resolve(name);
    }
    Path folder = Path.of(System.getProperty(HOME, ".")).resolve("models").resolve(DEMO);
    if (!Files.isDirectory(folder)) {
      throw CommandFailure.failed(
          "demo: %s does not exist; start with ./nibble in the folder of the program"
              .formatted(folder));
    }
    return folder;
  }

  Model model() {
    return loaded.model();
  }

  /** The model as an image classifier; another kind is an error. */
  ImageClassifier imageClassifier() {
    return loaded.imageClassifier();
  }

  /**
   * How the linear layers are executed or, in float, stored: form to number of layers, in the order
   * of the forward pass.
   */
  Map<String, Integer> formats() {
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (Linear linear : model().linears()) {
      counts.merge(
          linear.isReplaced()
              ? linear.matrix().format()
              : linear.weight().value().dtype().toString(),
          1,
          Integer::sum);
    }
    return counts;
  }

  /**
   * Side in pixels of the images that the model is fed with: what the preprocessor makes if the
   * model takes it, else the model's own.
   */
  int imageSide() {
    ImageClassifier classifier = imageClassifier();
    return preprocessor()
        .outputSize()
        .filter(size -> size.width() == size.height() && classifier.takes(size.width()))
        .map(PixelSize::width)
        .orElse(classifier.imageSize());
  }

  /** How images are prepared for this model. */
  ImagePreprocessor preprocessor() {
    return loaded.preprocessor();
  }

  /**
   * Runs something with this model; results that are not finite become an error that names the
   * damaged tensor.
   */
  @SuppressWarnings("ReferenceEquality") // this very model, not one like it
  <T> T checked(Supplier<T> work) {
    try {
      return work.get();
    } catch (NotFiniteException e) {
      throw e.model() == model() ? loaded.notFinite() : e;
    }
  }

  @Override
  public void close() {
    loaded.close();
  }
}
