package nibble.loaders.api;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import nibble.loaders.BadFileException;
import nibble.loaders.model.SentenceModules;
import nibble.loaders.tokenizer.EncodeOptions;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.loaders.tokenizer.Tokenizers;
import nibble.nn.encoder.SentencePooling;
import nibble.nn.transformer.Sequences;
import nibble.nn.transformer.TextEncoder;

/**
 * Text encoder, tokenizer, pooling and threads in one object. Texts are tokenized on the calling
 * thread, in parallel; the model computes one batch at a time, with all threads. A batch holds
 * texts of any lengths, without padding.
 */
final class ModelEmbedder implements Embedder {
  private final ModelSession session;
  private final TextEncoder encoder;
  private final Tokenizer tokenizer;
  private final SentencePooling pooling;
  private final String prefix;
  private final int batchTokens;
  private final int maxTokens;
  private final EncodeOptions truncated;
  private final int dimension;

  private ModelEmbedder(
      ModelSession session, OptionalInt wantedTokens, int batchTokens, String prefix) {
    Path folder = session.loaded().checkpoint().folder();
    this.session = session;
    this.batchTokens = batchTokens;
    this.prefix = prefix;
    encoder = session.loaded().textEncoder();
    tokenizer = Tokenizers.load(folder);
    if (tokenizer.vocabularySize() > encoder.vocabulary()) {
      throw BadFileException.of(
          folder,
          "has a tokenizer of %d tokens, the model knows %d; the two do not belong together"
              .formatted(tokenizer.vocabularySize(), encoder.vocabulary()));
    }
    SentenceModules modules = SentenceModules.read(folder);
    pooling = modules.pooling();
    int most =
        Math.min(
            encoder.contextLength(),
            modules.maxTokens().orElse(tokenizer.maxLength().orElse(Integer.MAX_VALUE)));
    maxTokens = Math.min(most, wantedTokens.orElse(most));
    truncated = EncodeOptions.DEFAULTS.withMatchSpecial(false).withMaxLength(maxTokens);
    dimension = compute(List.of(ids(""))).getFirst().length;
  }

  static ModelEmbedder open(
      Path folder,
      int threads,
      boolean warmUp,
      int batchTokens,
      OptionalInt maxTokens,
      String prefix) {
    return ModelSession.open(
        folder,
        threads,
        warmUp,
        "embedder",
        session -> new ModelEmbedder(session, maxTokens, batchTokens, prefix));
  }

  private int[] ids(String text) {
    int[] ids = tokenizer.encode(prefix + text, truncated).ids();
    if (ids.length == 0) {
      throw new IllegalArgumentException(
          "an empty text has no token in this model, so it has no vector");
    }
    return ids;
  }

  @Override
  public List<float[]> embed(List<String> texts) {
    List<int[]> ids = texts.stream().map(this::ids).toList();
    List<float[]> vectors = new ArrayList<>(ids.size());
    for (int from = 0; from < ids.size(); ) {
      int to = batchEnd(ids, from);
      vectors.addAll(compute(ids.subList(from, to)));
      from = to;
    }
    return vectors;
  }

  /** The end of the batch that begins with text {@code from}. */
  private int batchEnd(List<int[]> ids, int from) {
    int to = from + 1;
    for (long tokens = ids.get(from).length;
        to < ids.size() && tokens + ids.get(to).length <= batchTokens;
        to++) {
      tokens += ids.get(to).length;
    }
    return to;
  }

  private List<float[]> compute(List<int[]> batch) {
    Sequences sequences = Sequences.of(batch.stream().mapToInt(ids -> ids.length).toArray());
    float[] all = session.compute(ops -> pooling.apply(ops, encoder.encode(ops, batch), sequences));
    int width = all.length / batch.size();
    List<float[]> vectors = new ArrayList<>(batch.size());
    for (int i = 0; i < batch.size(); i++) {
      vectors.add(Arrays.copyOfRange(all, i * width, (i + 1) * width));
    }
    return vectors;
  }

  @Override
  public int dimension() {
    return dimension;
  }

  @Override
  public int maxTokens() {
    return maxTokens;
  }

  @Override
  public int countTokens(String text) {
    return ids(text).length;
  }

  @Override
  public void close() {
    session.close();
  }
}
