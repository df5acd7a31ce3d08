package nibble.loaders.chat;

import java.time.LocalDateTime;
import nibble.loaders.json.JsonObject;

/**
 * What a chat template gets besides the messages.
 *
 * @param addGenerationPrompt whether the prompt ends where the model's answer begins
 * @param now what {@code strftime_now} tells
 * @param variables further variables, such as {@code tools}, {@code documents} or {@code
 *     enable_thinking}
 */
public record ChatOptions(boolean addGenerationPrompt, LocalDateTime now, JsonObject variables) {
  /** With the beginning of an answer, at {@code now}, without further variables. */
  public static ChatOptions at(LocalDateTime now) {
    return new ChatOptions(true, now, JsonObject.empty());
  }

  /** These options with or without the beginning of an answer. */
  public ChatOptions withAddGenerationPrompt(boolean value) {
    return new ChatOptions(value, now, variables);
  }

  /** These options with {@code value} as further variables. */
  public ChatOptions withVariables(JsonObject value) {
    return new ChatOptions(addGenerationPrompt, now, value);
  }
}
