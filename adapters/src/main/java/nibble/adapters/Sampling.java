package nibble.adapters;

import java.util.List;
import nibble.loaders.api.GenerationOptions;
import org.jspecify.annotations.Nullable;

/**
 * What a framework's request says about generation; null where it says nothing.
 *
 * @param frequencyPenalty must be null or 0: Nibble has none
 * @param presencePenalty must be null or 0: Nibble has none
 */
public record Sampling(
    @Nullable Integer maxTokens,
    @Nullable Double temperature,
    @Nullable Double topP,
    @Nullable Integer topK,
    @Nullable List<String> stop,
    @Nullable Double frequencyPenalty,
    @Nullable Double presencePenalty) {
  public Sampling {
    stop = stop == null ? null : List.copyOf(stop);
  }

  /**
   * {@code defaults} with what the request says in their place.
   *
   * @throws IllegalArgumentException if a value is out of range or asks for something that Nibble
   *     does not have
   */
  public GenerationOptions over(GenerationOptions defaults) {
    refuse("frequency penalty", frequencyPenalty);
    refuse("presence penalty", presencePenalty);
    return new GenerationOptions(
        maxTokens == null ? defaults.maxTokens() : maxTokens,
        temperature == null ? defaults.temperature() : temperature,
        topK == null ? defaults.topK() : topK,
        topP == null ? defaults.topP() : topP,
        defaults.minP(),
        defaults.repetitionPenalty(),
        stop == null ? defaults.stop() : stop,
        defaults.seed());
  }

  private static void refuse(String name, @Nullable Double value) {
    if (value != null && value != 0) {
      throw new IllegalArgumentException(
          "a "
              + name
              + " is not supported, was "
              + value
              + "; use the repetition penalty of the generation options");
    }
  }
}
