package nibble.nn.evaluation;

import java.util.function.DoubleConsumer;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.tensor.Ops;

/**
 * How far the predictions of a model are from those of a reference with the same vocabulary, over
 * the tokens of a text.
 *
 * @param kullbackLeibler {@code KL(reference || model)} per token, in nats
 * @param agreement share of tokens where both have the same most probable token, 0 to 1
 * @param perplexity of the model
 * @param referencePerplexity of the reference
 */
public record Divergence(
    Mean kullbackLeibler, double agreement, Perplexity perplexity, Perplexity referencePerplexity) {
  /**
   * Compares {@code model} with {@code reference}.
   *
   * @param progress is given the share of windows that are done, 0 to 1
   * @throws IllegalArgumentException if the vocabularies differ
   */
  public static Divergence of(
      Ops ops,
      CausalLanguageModel model,
      CausalLanguageModel reference,
      int[] text,
      TokenWindows windows,
      DoubleConsumer progress) {
    if (model.vocabulary() != reference.vocabulary()) {
      throw new IllegalArgumentException(
          "the model has %d tokens, the reference %d; only models with the same vocabulary can be compared"
              .formatted(model.vocabulary(), reference.vocabulary()));
    }
    Mean.Builder divergence = new Mean.Builder();
    Mean.Builder agreement = new Mean.Builder();
    Mean.Builder own = new Mean.Builder();
    Mean.Builder other = new Mean.Builder();
    WindowLogits.forEachScored(
        ops,
        text,
        windows,
        progress,
        (rows, target) -> {
          divergence.add(rows[1].divergenceFrom(rows[0]));
          agreement.add(rows[0].best() == rows[1].best() ? 1 : 0);
          own.add(rows[0].negativeLogLikelihood(target));
          other.add(rows[1].negativeLogLikelihood(target));
        },
        model,
        reference);
    return new Divergence(
        divergence.build(),
        agreement.build().mean(),
        new Perplexity(own.build()),
        new Perplexity(other.build()));
  }
}
