package nibble.loaders.api;

import java.util.List;

/**
 * Text that continues a prompt or answers in a conversation.
 *
 * <pre>{@code
 * try (TextGenerator generator = TextGenerator.open(Path.of("model"))) {
 *   System.out.println(generator.generate("Once upon a time").text());
 * }
 * }</pre>
 *
 * <p>Thread-safe: calls from several threads are computed together, token by token.
 */
public interface TextGenerator extends AutoCloseable {
  /** {@link #generate(String, GenerationOptions, TextListener)} with default options and no listener. */
  default Generation generate(String prompt) {
    return generate(prompt, GenerationOptions.DEFAULTS, TextListener.NONE);
  }

  /**
   * Continues {@code prompt}; returns when the text is complete.
   *
   * @param listener is given the text piece by piece, on a thread of the generator; an exception that it throws ends this generation and is
   *     thrown by this method
   * @throws IllegalArgumentException if the prompt has no token, or leaves no room in {@link #contextLength()}
   * @throws IllegalStateException if the generator is closed
   */
  Generation generate(String prompt, GenerationOptions options, TextListener listener);

  /** {@link #chat(List, GenerationOptions, TextListener)} with default options and no listener. */
  default Generation chat(List<ChatMessage> messages) {
    return chat(messages, GenerationOptions.DEFAULTS, TextListener.NONE);
  }

  /**
   * Answers the last of {@code messages}, put together by the chat template of the model; see {@link #generate}.
   *
   * @throws IllegalArgumentException also if the model has no chat template, or the template refuses the messages
   */
  Generation chat(List<ChatMessage> messages, GenerationOptions options, TextListener listener);

  /** Whether the model has a chat template. */
  boolean canChat();

  /** Longest sequence of prompt and generated tokens. */
  int contextLength();

  /** Tokens of {@code text} without special tokens. */
  int countTokens(String text);

  /** Ends running generations as cancelled, then lets go of threads and files. Closing twice does nothing. */
  @Override
  void close();
}
