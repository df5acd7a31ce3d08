package nibble.adapters.springai;

import java.util.ArrayList;
import java.util.List;
import nibble.loaders.api.Embedder;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.EmbeddingResponseMetadata;

/**
 * An {@link Embedder} as Spring AI's {@link EmbeddingModel}. The embedder stays the caller's, who
 * closes it. Thread-safe.
 */
public final class NibbleEmbeddingModel implements EmbeddingModel {
  private final Embedder embedder;
  private final String name;

  /**
   * @param name of the model in responses
   */
  public NibbleEmbeddingModel(Embedder embedder, String name) {
    this.embedder = embedder;
    this.name = name;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the request wants another number of dimensions than the
   *     model has
   */
  @Override
  public EmbeddingResponse call(EmbeddingRequest request) {
    @Nullable EmbeddingOptions options = request.getOptions();
    if (options != null
        && options.getDimensions() != null
        && options.getDimensions() != embedder.dimension()) {
      throw new IllegalArgumentException(
          "the model gives vectors of %d numbers, asked for %d"
              .formatted(embedder.dimension(), options.getDimensions()));
    }
    List<String> texts = request.getInstructions();
    List<Embedding> embeddings = new ArrayList<>();
    for (float[] vector : texts.isEmpty() ? List.<float[]>of() : embedder.embed(texts)) {
      embeddings.add(new Embedding(vector, embeddings.size()));
    }
    int tokens = texts.stream().mapToInt(embedder::countTokens).sum();
    return new EmbeddingResponse(
        embeddings, new EmbeddingResponseMetadata(name, new DefaultUsage(tokens, 0)));
  }

  @Override
  public float[] embed(Document document) {
    String text = document.getText();
    if (text == null) {
      throw new IllegalArgumentException("the document has no text");
    }
    return embedder.embed(text);
  }

  @Override
  public int dimensions() {
    return embedder.dimension();
  }
}
