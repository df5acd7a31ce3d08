package nibble.loaders.api;

/**
 * Generated text.
 *
 * @param text the continuation, without the prompt and without the stop string that ended it
 * @param promptTokens tokens of the prompt
 * @param tokens tokens that were generated
 * @param finish why it ended
 * @param promptSeconds from the call to the first generated token, waiting for other calls included
 * @param seconds from the call to the end
 */
public record Generation(
    String text,
    int promptTokens,
    int tokens,
    FinishReason finish,
    double promptSeconds,
    double seconds) {
  /** Why a generation ended. */
  public enum FinishReason {
    /** The model said so, or a stop string came. */
    STOP,
    /** The wanted number of tokens, or the longest sequence that the model takes, was reached. */
    LENGTH,
    /** The listener wanted no more. */
    CANCELLED
  }

  /** Generated tokens per second after the first; 0 if there was no second. */
  public double tokensPerSecond() {
    double after = seconds - promptSeconds;
    return tokens > 1 && after > 0 ? (tokens - 1) / after : 0;
  }
}
