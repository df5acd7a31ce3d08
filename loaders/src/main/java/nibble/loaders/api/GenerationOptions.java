package nibble.loaders.api;

import java.util.List;

/**
 * How text is generated. A token is drawn after these steps, in this order: repetition penalty,
 * temperature, top-k, top-p, min-p.
 *
 * @param maxTokens most tokens to generate, at least 1
 * @param temperature divides the logits; 0 takes the most probable token each time
 * @param topK only this many of the most probable tokens; 0 for all
 * @param topP only the most probable tokens whose probabilities reach this sum; 1 for all
 * @param minP only tokens at least this share as probable as the most probable one; 0 for all
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens that occurred
 *     before; 1 for none
 * @param stop texts that end the generation and are left out
 * @param seed of the random numbers; the same seed, prompt and options give the same text
 */
public record GenerationOptions(
    int maxTokens,
    double temperature,
    int topK,
    double topP,
    double minP,
    double repetitionPenalty,
    List<String> stop,
    long seed) {
  /** 256 tokens, always the most probable one. */
  public static final GenerationOptions DEFAULTS =
      new GenerationOptions(256, 0, 0, 1, 0, 1, List.of(), 1);

  public GenerationOptions {
    require(maxTokens >= 1, "max-tokens must be at least 1, was " + maxTokens);
    require(
        temperature >= 0 && temperature <= 100, "temperature must be 0 to 100, was " + temperature);
    require(topK >= 0, "top-k must not be negative, was " + topK);
    require(topP > 0 && topP <= 1, "top-p must be above 0 and at most 1, was " + topP);
    require(minP >= 0 && minP < 1, "min-p must be at least 0 and below 1, was " + minP);
    require(
        repetitionPenalty > 0 && repetitionPenalty <= 100,
        "the repetition penalty must be above 0 and at most 100, was " + repetitionPenalty);
    stop = List.copyOf(stop);
    require(stop.stream().noneMatch(String::isEmpty), "a stop text must not be empty");
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }

  public GenerationOptions withMaxTokens(int value) {
    return new GenerationOptions(
        value, temperature, topK, topP, minP, repetitionPenalty, stop, seed);
  }

  public GenerationOptions withTemperature(double value) {
    return new GenerationOptions(maxTokens, value, topK, topP, minP, repetitionPenalty, stop, seed);
  }

  public GenerationOptions withTopK(int value) {
    return new GenerationOptions(
        maxTokens, temperature, value, topP, minP, repetitionPenalty, stop, seed);
  }

  public GenerationOptions withTopP(double value) {
    return new GenerationOptions(
        maxTokens, temperature, topK, value, minP, repetitionPenalty, stop, seed);
  }

  public GenerationOptions withMinP(double value) {
    return new GenerationOptions(
        maxTokens, temperature, topK, topP, value, repetitionPenalty, stop, seed);
  }

  public GenerationOptions withRepetitionPenalty(double value) {
    return new GenerationOptions(maxTokens, temperature, topK, topP, minP, value, stop, seed);
  }

  public GenerationOptions withStop(List<String> value) {
    return new GenerationOptions(
        maxTokens, temperature, topK, topP, minP, repetitionPenalty, value, seed);
  }

  public GenerationOptions withSeed(long value) {
    return new GenerationOptions(
        maxTokens, temperature, topK, topP, minP, repetitionPenalty, stop, value);
  }
}
