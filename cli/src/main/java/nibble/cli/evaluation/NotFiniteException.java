package nibble.cli.evaluation;

import nibble.nn.Model;

/** A model gave NaN or infinite logits. */
public final class NotFiniteException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Model model;

  NotFiniteException(Model model) {
    super("the model gives NaN or infinite results");
    this.model = model;
  }

  /** The model. */
  public Model model() {
    return model;
  }
}
