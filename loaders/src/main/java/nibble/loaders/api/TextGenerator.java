package nibble.loaders.api;

import java.nio.file.Path;
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
  /**
   * The generator in {@code folder}, float or quantized, with all processors; see {@link
   * Builder#open}.
   */
  static TextGenerator open(Path folder) {
    return builder(folder).open();
  }

  /** To open the generator in {@code folder} with other settings. */
  static Builder builder(Path folder) {
    return new Builder(folder);
  }

  /** Settings of a generator. For one thread. */
  final class Builder {
    private final Path folder;
    private int threads = Runtime.getRuntime().availableProcessors();
    private boolean warmUp;
    private int sequences = 8;

    private Builder(Path folder) {
      this.folder = folder;
    }

    /** Threads that compute; at least 1. */
    public Builder threads(int count) {
      threads = Settings.atLeastOne("threads", count);
      return this;
    }

    /**
     * Texts that are generated at the same time, each with keys and values of all its tokens in
     * memory; further calls wait.
     */
    public Builder sequences(int count) {
      sequences = Settings.atLeastOne("sequences", count);
      return this;
    }

    /**
     * Lets {@link #open} return when the kernels of the model have been compiled, a second or three
     * later, so that the first call is about as fast as later ones: for programs that stay.
     */
    public Builder warmUp() {
      warmUp = true;
      return this;
    }

    /**
     * Opens the model, its tokenizer and its chat template.
     *
     * @throws nibble.loaders.BadFileException if a file is missing or broken, or the model is no
     *     causal language model
     */
    public TextGenerator open() {
      return ModelTextGenerator.open(folder, threads, warmUp, sequences);
    }
  }

  /**
   * {@link #generate(String, GenerationOptions, TextListener)} with default options and no
   * listener.
   */
  default Generation generate(String prompt) {
    return generate(prompt, GenerationOptions.DEFAULTS, TextListener.NONE);
  }

  /**
   * Continues {@code prompt}; returns when the text is complete.
   *
   * @param listener is given the text piece by piece, on the calling thread; an exception that it
   *     throws ends this generation and leaves this method
   * @throws IllegalArgumentException if the prompt has no token, or leaves no room in {@link
   *     #contextLength()}
   * @throws IllegalStateException if the generator is closed
   */
  Generation generate(String prompt, GenerationOptions options, TextListener listener);

  /** {@link #chat(List, GenerationOptions, TextListener)} with default options and no listener. */
  default Generation chat(List<ChatMessage> messages) {
    return chat(messages, GenerationOptions.DEFAULTS, TextListener.NONE);
  }

  /**
   * Answers the last of {@code messages}, put together by the chat template of the model; see
   * {@link #generate}.
   *
   * @throws IllegalArgumentException also if the model has no chat template, or the template
   *     refuses the messages
   */
  Generation chat(List<ChatMessage> messages, GenerationOptions options, TextListener listener);

  /** Whether the model has a chat template. */
  boolean canChat();

  /** Longest sequence of prompt and generated tokens. */
  int contextLength();

  /** Tokens of {@code text} without special tokens. */
  int countTokens(String text);

  /**
   * Ends running generations as cancelled, then lets go of threads and files. Closing twice does
   * nothing.
   */
  @Override
  void close();
}
