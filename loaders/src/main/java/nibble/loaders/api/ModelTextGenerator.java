package nibble.loaders.api;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import nibble.kernels.parallel.WorkSplitter;
import nibble.loaders.BadFileException;
import nibble.loaders.chat.ChatOptions;
import nibble.loaders.chat.ChatTemplate;
import nibble.loaders.json.JsonArray;
import nibble.loaders.model.LoadedModel;
import nibble.loaders.model.ModelLoader;
import nibble.loaders.tokenizer.EncodeOptions;
import nibble.loaders.tokenizer.Tokenizer;
import nibble.nn.generation.SamplingOptions;
import nibble.nn.generation.TokenRequest;
import nibble.nn.transformer.CausalLanguageModel;
import nibble.tensor.Ops;

/**
 * Language model, tokenizer and chat template in one object; a {@link GenerationLoop} computes for
 * all callers.
 */
final class ModelTextGenerator implements TextGenerator {
  private static final int[] ANSWER = {};

  private final LoadedModel loaded;
  private final CausalLanguageModel model;
  private final Tokenizer tokenizer;
  private final Optional<ChatTemplate> template;
  private final Set<Integer> stopTokens;
  private final GenerationLoop loop;

  private ModelTextGenerator(LoadedModel loaded, int threads, int sequences) {
    Path folder = loaded.checkpoint().folder();
    this.loaded = loaded;
    model = loaded.languageModel();
    tokenizer = loaded.tokenizer();
    if (tokenizer.vocabularySize() > model.vocabulary()) {
      throw BadFileException.of(
          folder,
          "has a tokenizer of %d tokens, the model knows %d; the two do not belong together"
              .formatted(tokenizer.vocabularySize(), model.vocabulary()));
    }
    template = loaded.chatTemplate();
    stopTokens = StopTokens.of(loaded.checkpoint(), tokenizer);
    loop = new GenerationLoop(model, new Ops(WorkSplitter.ofThreads(threads)), sequences);
  }

  static ModelTextGenerator open(Path folder, int threads, boolean warmUp, int sequences) {
    LoadedModel loaded = ModelLoader.load(folder);
    try {
      Runnable warmth = ModelSession.warmth(loaded, warmUp);
      ModelTextGenerator generator = new ModelTextGenerator(loaded, threads, sequences);
      warmth.run();
      return generator;
    } catch (RuntimeException e) {
      loaded.close();
      throw e;
    }
  }

  @Override
  public Generation generate(String prompt, GenerationOptions options, TextListener listener) {
    int[] ids = tokenizer.encode(prompt, EncodeOptions.DEFAULTS.withMatchSpecial(false)).ids();
    return run(ids, ids, options, listener);
  }

  @Override
  public Generation chat(
      List<ChatMessage> messages, GenerationOptions options, TextListener listener) {
    ChatTemplate known =
        template.orElseThrow(
            () ->
                new IllegalArgumentException(
                    loaded.checkpoint().folder() + ": has no chat template; use a plain prompt"));
    JsonArray turns =
        JsonArray.of(
            messages.stream().map(m -> ChatTemplate.message(m.role(), m.content())).toList());
    String prompt = known.render(turns, ChatOptions.at(LocalDateTime.now(ZoneId.systemDefault())));
    return run(
        tokenizer.encode(prompt, EncodeOptions.DEFAULTS.withAddSpecial(false)).ids(),
        ANSWER,
        options,
        listener);
  }

  /**
   * @param before tokens that the text continues; none if it is a text of its own
   */
  private Generation run(
      int[] prompt, int[] before, GenerationOptions options, TextListener listener) {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("the prompt has no token");
    }
    if (prompt.length >= model.contextLength()) {
      throw new IllegalArgumentException(
          "the prompt has %d tokens, the model takes %d with those that are generated; shorten it"
              .formatted(prompt.length, model.contextLength()));
    }
    SamplingOptions sampling =
        new SamplingOptions(
            options.temperature(),
            options.topK(),
            options.topP(),
            options.minP(),
            options.repetitionPenalty(),
            options.seed());
    GenerationTask task = new GenerationTask(tokenizer, options.stop(), prompt.length, before);
    loop.submit(
        task, new TokenRequest(prompt, options.maxTokens(), sampling, stopTokens, task::accept));
    return task.await(listener);
  }

  @Override
  public boolean canChat() {
    return template.isPresent();
  }

  @Override
  public int contextLength() {
    return model.contextLength();
  }

  @Override
  public int countTokens(String text) {
    return tokenizer
        .encode(text, EncodeOptions.DEFAULTS.withAddSpecial(false).withMatchSpecial(false))
        .length();
  }

  @Override
  public void close() {
    if (loop.close()) {
      loaded.close();
    }
  }
}
