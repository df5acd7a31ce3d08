package nibble.quant.tuning;

import nibble.nn.ImageClassifier;
import nibble.nn.Model;
import nibble.nn.TokenIds;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.quant.model.Samples;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** What a quantized network is trained to do. */
public enum TuningLoss {
  /** Cross entropy: of the next token, or of the image's label. */
  CE,
  /** Divergence from the float model's distribution. */
  KL,
  /** The same over the largest logits of the float model: {@link Divergence}. */
  KL_TOP;

  /** Whether the float model is asked. */
  public boolean needsTeacher() {
    return this != CE;
  }

  /**
   * Checks that a model has logits to be compared.
   *
   * @throws IllegalArgumentException if it is neither a language model nor an image classifier
   */
  public static void check(String method, Model model) {
    if (!(model instanceof CausalLanguageModel) && !(model instanceof ImageClassifier)) {
      throw new IllegalArgumentException(
          "%s learns from logits of language models and image classifiers, found %s; choose another method"
              .formatted(method, model.architecture()));
    }
  }

  /**
   * The loss of {@code logits}, rank 0.
   *
   * @param logits {@code [batch, tokens, vocabulary]} of token ids, or {@code [batch, classes]} of
   *     images
   * @param teacher logits of the float model, of the same shape; null where none are needed
   * @param top logits that {@link #KL_TOP} compares
   * @throws IllegalArgumentException if {@link #CE} has images without labels
   */
  public Tensor of(Ops ops, Tensor logits, Samples samples, @Nullable Tensor teacher, int top) {
    if (this == CE) {
      return crossEntropy(ops, logits, samples);
    }
    if (teacher == null) {
      throw new IllegalStateException("no logits of the float model");
    }
    int width = logits.dim(-1);
    Tensor wanted = Tensor.of(teacher.toFloats(), (int) (teacher.size() / width), width);
    return ops.custom(
        new Divergence(wanted, this == KL ? width : top), ops.reshape(logits, -1, width));
  }

  private static Tensor crossEntropy(Ops ops, Tensor logits, Samples samples) {
    int[] labels = samples.labels();
    if (logits.rank() == 2) {
      if (labels == null) {
        throw new IllegalArgumentException(
            "the loss ce needs the labels of images; pass some, or choose kl");
      }
      return ops.crossEntropy(logits, labels);
    }
    TokenIds ids = TokenIds.of(samples.inputs());
    int tokens = ids.tokens();
    if (tokens < 2) {
      throw new IllegalArgumentException(
          "windows of one token have no next token; take longer ones");
    }
    int[] next = new int[ids.batch() * (tokens - 1)];
    for (int row = 0; row < ids.batch(); row++) {
      System.arraycopy(ids.flat(), row * tokens + 1, next, row * (tokens - 1), tokens - 1);
    }
    Tensor predicting = ops.slice(logits, 1, 0, tokens - 1);
    return ops.crossEntropy(ops.reshape(predicting, next.length, logits.dim(-1)), next);
  }
}
