package nibble.nn.generation;

/**
 * How a token is chosen from logits. The steps, in this order: repetition penalty, temperature,
 * top-k, top-p, min-p; then one token is drawn by its probability.
 *
 * @param temperature divides the logits; 0 takes the most probable token each time
 * @param topK only this many of the most probable tokens; 0 for all
 * @param topP only the most probable tokens whose probabilities reach this sum; 1 for all
 * @param minP only tokens at least this share as probable as the most probable one; 0 for all
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens that occurred
 *     before, in the prompt or since (Keskar et al., arXiv:1909.05858); 1 for none
 * @param seed of the random numbers
 */
public record SamplingOptions(
    double temperature, int topK, double topP, double minP, double repetitionPenalty, long seed) {
  /** The most probable token each time. */
  public static final SamplingOptions GREEDY = new SamplingOptions(0, 0, 1, 0, 1, 0);

  public SamplingOptions {
    require(
        temperature >= 0 && temperature < Double.POSITIVE_INFINITY,
        "temperature must not be negative, was " + temperature);
    require(topK >= 0, "top-k must not be negative, was " + topK);
    require(topP > 0 && topP <= 1, "top-p must be above 0 and at most 1, was " + topP);
    require(minP >= 0 && minP < 1, "min-p must be at least 0 and below 1, was " + minP);
    require(
        repetitionPenalty > 0 && repetitionPenalty < Double.POSITIVE_INFINITY,
        "the repetition penalty must be positive, was " + repetitionPenalty);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
