package nibble.loaders.model;

import java.nio.file.Path;
import nibble.loaders.hf.Checkpoint;

/** What a model is for. Known from the configuration alone, before the model is built. */
public enum ModelKind {
  /** Classes and features of images: {@link LoadedModel#imageClassifier}. */
  IMAGE_CLASSIFIER,
  /** Text that goes on: {@link LoadedModel#languageModel}. */
  LANGUAGE_MODEL,
  /** Vectors of texts: {@link LoadedModel#textEncoder}. */
  TEXT_ENCODER,
  /** Vectors of images and texts in one space: {@link LoadedModel#clip}. */
  IMAGES_AND_TEXTS;

  /**
   * The kind of the model in {@code folder}; no weight is read.
   *
   * @throws nibble.loaders.BadFileException if a file is missing or broken, or the architecture is
   *     not known
   */
  public static ModelKind of(Path folder) {
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      return ModelFamilies.of(checkpoint.config()).kind();
    }
  }
}
