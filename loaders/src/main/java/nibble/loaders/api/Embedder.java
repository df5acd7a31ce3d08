package nibble.loaders.api;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * Texts to vectors whose cosine says how alike they mean.
 *
 * <pre>{@code
 * try (Embedder embedder = Embedder.open(Path.of("model"))) {
 *   float[] vector = embedder.embed("The cat sat on the mat.");
 * }
 * }</pre>
 *
 * <p>Thread-safe.
 */
public interface Embedder extends AutoCloseable {
  /**
   * The embedder in {@code folder}, float or quantized, with all processors; see {@link
   * Builder#open}.
   */
  static Embedder open(Path folder) {
    return builder(folder).open();
  }

  /** To open the embedder in {@code folder} with other settings. */
  static Builder builder(Path folder) {
    return new Builder(folder);
  }

  /** Settings of an embedder. For one thread. */
  final class Builder {
    private final Path folder;
    private int threads = Runtime.getRuntime().availableProcessors();
    private boolean warmUp;
    private int batchTokens = 4096;
    private OptionalInt maxTokens = OptionalInt.empty();
    private String prefix = "";

    private Builder(Path folder) {
      this.folder = folder;
    }

    /** Threads that compute, the calling one included; at least 1. */
    public Builder threads(int count) {
      threads = Settings.atLeastOne("threads", count);
      return this;
    }

    /**
     * About how many tokens are computed at a time, of as many texts as there are; a longer text is
     * computed alone. More takes more memory.
     */
    public Builder batchTokens(int count) {
      batchTokens = Settings.atLeastOne("batchTokens", count);
      return this;
    }

    /**
     * Cuts texts off after {@code count} tokens, special ones included, where the model takes more.
     */
    public Builder maxTokens(int count) {
      maxTokens = OptionalInt.of(Settings.atLeastOne("maxTokens", count));
      return this;
    }

    /** Puts {@code text} before every text, such as {@code "query: "} for E5. */
    public Builder prefix(String text) {
      prefix = text;
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
     * Opens the model, its tokenizer, and what the folder says about pooling.
     *
     * @throws nibble.loaders.BadFileException if a file is missing or broken, or the model is no
     *     text encoder
     */
    public Embedder open() {
      return ModelEmbedder.open(folder, threads, warmUp, batchTokens, maxTokens, prefix);
    }
  }

  /**
   * The vector of {@code text}, {@link #dimension()} numbers; a copy for the caller. Text beyond
   * {@link #maxTokens()} is cut off.
   *
   * @throws IllegalStateException if the embedder is closed
   */
  default float[] embed(String text) {
    return embed(List.of(text)).getFirst();
  }

  /**
   * The vectors of {@code texts} in their order; a text has the same vector alone and in company,
   * up to rounding.
   */
  List<float[]> embed(List<String> texts);

  /** Length of a vector. */
  int dimension();

  /** Tokens of a text that are looked at, special tokens included. */
  int maxTokens();

  /** Tokens of {@code text} after it is cut off, special tokens included. */
  int countTokens(String text);

  /**
   * Waits for the batch that is being computed, then lets go of threads and files. Closing twice
   * does nothing.
   */
  @Override
  void close();
}
