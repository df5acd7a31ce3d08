package nibble.loaders.api;

import java.util.List;

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
   * The vector of {@code text}, {@link #dimension()} numbers; a copy for the caller. Text beyond {@link #maxTokens()} is cut off.
   *
   * @throws IllegalStateException if the embedder is closed
   */
  default float[] embed(String text) {
    return embed(List.of(text)).getFirst();
  }

  /** The vectors of {@code texts} in their order; a text has the same vector alone and in company, up to rounding. */
  List<float[]> embed(List<String> texts);

  /** Length of a vector. */
  int dimension();

  /** Tokens of a text that are looked at, special tokens included. */
  int maxTokens();

  /** Tokens of {@code text} after it is cut off, special tokens included. */
  int countTokens(String text);

  /** Waits for the batch that is being computed, then lets go of threads and files. Closing twice does nothing. */
  @Override
  void close();
}
