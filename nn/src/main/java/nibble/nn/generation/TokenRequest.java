package nibble.nn.generation;

import java.util.Arrays;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * A sequence to be generated.
 *
 * @param prompt token ids, at least one
 * @param maxTokens most tokens to generate, at least 1
 * @param sampling how tokens are chosen
 * @param stopTokens ids that end the sequence; they are not part of it
 * @param onToken is given each new token; false ends the sequence after it
 */
public record TokenRequest(
    int[] prompt,
    int maxTokens,
    SamplingOptions sampling,
    Set<Integer> stopTokens,
    IntPredicate onToken) {
  public TokenRequest {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("a prompt needs at least one token");
    }
    if (maxTokens < 1) {
      throw new IllegalArgumentException("at least one token must be asked for, not " + maxTokens);
    }
    prompt = prompt.clone();
    stopTokens = Set.copyOf(stopTokens);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenRequest r
        && Arrays.equals(prompt, r.prompt)
        && maxTokens == r.maxTokens
        && sampling.equals(r.sampling)
        && stopTokens.equals(r.stopTokens)
        && onToken.equals(r.onToken);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(prompt) + sampling.hashCode();
  }
}
