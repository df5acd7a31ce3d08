package nibble.cli.evaluation;

import nibble.cli.data.Batch;
import nibble.cli.data.BatchReader;
import nibble.cli.data.ImageSet;
import nibble.cli.terminal.CommandFailure;
import nibble.cli.terminal.Progress;
import nibble.nn.ImageClassifier;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Runs classifiers over labelled images. */
public final class Evaluation {
  private final Ops ops;
  private final int batchSize;

  /** Evaluates with these operators, {@code batchSize} images at a time. */
  public Evaluation(Ops ops, int batchSize) {
    this.ops = ops;
    this.batchSize = batchSize;
  }

  /**
   * The score of {@code model} on all of {@code images}, compared with {@code reference} if there
   * is one.
   *
   * @throws CommandFailure if the image set is empty, or labels or classes do not fit
   * @throws NotFiniteException if a logit is NaN or infinite
   */
  public Score score(
      ImageClassifier model,
      ImageSet images,
      @Nullable ImageClassifier reference,
      Progress progress) {
    check(model, images, reference);
    Tally tally = new Tally(model.classes());
    long nanoseconds = 0;
    try (BatchReader reader = BatchReader.once(images, batchSize)) {
      long done = 0;
      for (Batch batch = reader.next(); batch != null; batch = reader.next()) {
        long start = System.nanoTime();
        float[] logits = logits(model, batch);
        nanoseconds += System.nanoTime() - start;
        tally.add(logits, batch.labels(), reference == null ? null : logits(reference, batch));
        done += batch.count();
        progress.to(done);
      }
    }
    return tally.score(reference != null, nanoseconds * 1e-9);
  }

  private float[] logits(ImageClassifier model, Batch batch) {
    return logits(model, batch.pixels());
  }

  /**
   * Logits of normalised pixels {@code [batch, channels, size, size]}: {@code [batch, classes]},
   * row by row.
   *
   * @throws NotFiniteException if one is NaN or infinite
   */
  public float[] logits(ImageClassifier model, Tensor pixels) {
    try (Ops.Mode _ = ops.noGrad();
        Scope _ = ops.scope()) {
      float[] logits = model.forward(ops, pixels).toFloats();
      for (float logit : logits) {
        if (!Float.isFinite(logit)) {
          throw new NotFiniteException(model);
        }
      }
      return logits;
    }
  }

  private static void check(
      ImageClassifier model, ImageSet images, @Nullable ImageClassifier reference) {
    if (images.size() == 0) {
      throw CommandFailure.failed("there are no images to evaluate");
    }
    if (images.classes() > model.classes()) {
      throw CommandFailure.failed(
          "labels go up to class %d, but the model has %d classes"
              .formatted(images.classes() - 1, model.classes()));
    }
    if (reference != null && reference.classes() != model.classes()) {
      throw CommandFailure.failed(
          "the model has %d classes, the reference %d"
              .formatted(model.classes(), reference.classes()));
    }
  }
}
