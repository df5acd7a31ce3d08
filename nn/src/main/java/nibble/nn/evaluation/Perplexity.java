package nibble.nn.evaluation;

import java.util.function.DoubleConsumer;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.tensor.Ops;

/**
 * How well a model predicts a text: {@code exp} of the mean negative log-likelihood of its tokens.
 *
 * @param negativeLogLikelihood per token, in nats
 */
public record Perplexity(Mean negativeLogLikelihood) {
  /**
   * Scores {@code model} on the tokens of a text.
   *
   * @param progress is given the share of windows that are done, 0 to 1
   */
  public static Perplexity of(
      Ops ops,
      CausalLanguageModel model,
      int[] text,
      TokenWindows windows,
      DoubleConsumer progress) {
    Mean.Builder mean = new Mean.Builder();
    WindowLogits.forEachScored(
        ops,
        text,
        windows,
        progress,
        (rows, target) -> mean.add(rows[0].negativeLogLikelihood(target)),
        model);
    return new Perplexity(mean.build());
  }

  /** Tokens that were predicted. */
  public long tokens() {
    return negativeLogLikelihood.count();
  }

  /** The perplexity. */
  public double value() {
    return Math.exp(negativeLogLikelihood.mean());
  }

  /** Its standard error, to first order: perplexity times standard error of the mean. */
  public double standardError() {
    return value() * negativeLogLikelihood.standardError();
  }
}
