package nibble.loaders.api;

/**
 * One turn of a conversation.
 *
 * @param role who speaks; {@code system}, {@code user} and {@code assistant} are what most models
 *     know
 * @param content what is said
 */
public record ChatMessage(String role, String content) {
  /** How the model is to behave. */
  public static ChatMessage system(String content) {
    return new ChatMessage("system", content);
  }

  /** What a person says. */
  public static ChatMessage user(String content) {
    return new ChatMessage("user", content);
  }

  /** What the model said. */
  public static ChatMessage assistant(String content) {
    return new ChatMessage("assistant", content);
  }
}
