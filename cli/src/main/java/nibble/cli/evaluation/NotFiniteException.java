package nibble.cli.evaluation;

import nibble.nn.ImageClassifier;

/** A model gave NaN or infinite logits. */
public final class NotFiniteException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient ImageClassifier model;

  NotFiniteException(ImageClassifier model) {
    super("the model gives NaN or infinite results");
    this.model = model;
  }

  /** The model. */
  public ImageClassifier model() {
    return model;
  }
}
