package nibble.adapters.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import nibble.loaders.api.Embedder;

/**
 * An {@link Embedder} as LangChain4j's {@link EmbeddingModel}. The embedder stays the caller's, who
 * closes it. Thread-safe.
 */
public final class NibbleEmbeddingModel implements EmbeddingModel {
  private final Embedder embedder;
  private final String name;

  /**
   * @param name what {@link #modelName()} says
   */
  public NibbleEmbeddingModel(Embedder embedder, String name) {
    this.embedder = embedder;
    this.name = name;
  }

  @Override
  public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
    List<String> texts = segments.stream().map(TextSegment::text).toList();
    List<Embedding> embeddings =
        texts.isEmpty() ? List.of() : embedder.embed(texts).stream().map(Embedding::from).toList();
    return Response.from(
        embeddings, new TokenUsage(texts.stream().mapToInt(embedder::countTokens).sum(), 0));
  }

  @Override
  public int dimension() {
    return embedder.dimension();
  }

  @Override
  public String modelName() {
    return name;
  }
}
