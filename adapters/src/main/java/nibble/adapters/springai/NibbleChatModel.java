package nibble.adapters.springai;

import java.util.List;
import java.util.Locale;
import nibble.adapters.Sampling;
import nibble.loaders.api.ChatMessage;
import nibble.loaders.api.Generation;
import nibble.loaders.api.GenerationOptions;
import nibble.loaders.api.TextGenerator;
import nibble.loaders.api.TextListener;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.MessageType;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.MediaContent;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.scheduler.Schedulers;

/**
 * A {@link TextGenerator} as Spring AI's {@link ChatModel}, for text without tools. The generator
 * stays the caller's, who closes it. Thread-safe.
 */
public final class NibbleChatModel implements ChatModel {
  private final TextGenerator generator;
  private final String name;
  private final GenerationOptions defaults;

  /**
   * @param name of the model in responses
   * @param defaults for what a prompt leaves open
   */
  public NibbleChatModel(TextGenerator generator, String name, GenerationOptions defaults) {
    this.generator = generator;
    this.name = name;
    this.defaults = defaults;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the prompt has tools, media, or penalties that Nibble does
   *     not have
   */
  @Override
  public ChatResponse call(Prompt prompt) {
    Generation generation = generator.chat(messages(prompt), options(prompt), TextListener.NONE);
    return response(generation.text(), generation);
  }

  /**
   * Pieces of the text as they come, on a thread for blocking work; the last response has no text
   * but the numbers of tokens.
   */
  @Override
  public Flux<ChatResponse> stream(Prompt prompt) {
    return Flux.<ChatResponse>create(sink -> run(prompt, sink), FluxSink.OverflowStrategy.BUFFER)
        .subscribeOn(Schedulers.boundedElastic());
  }

  private void run(Prompt prompt, FluxSink<ChatResponse> sink) {
    try {
      Generation generation =
          generator.chat(
              messages(prompt),
              options(prompt),
              piece -> {
                sink.next(response(piece, null));
                return !sink.isCancelled();
              });
      sink.next(response("", generation));
      sink.complete();
    } catch (RuntimeException e) {
      sink.error(e);
    }
  }

  private static List<ChatMessage> messages(Prompt prompt) {
    return prompt.getInstructions().stream().map(NibbleChatModel::message).toList();
  }

  private static ChatMessage message(Message message) {
    boolean hasTools =
        message.getMessageType() == MessageType.TOOL
            || message instanceof AssistantMessage assistant && assistant.hasToolCalls();
    boolean hasMedia = message instanceof MediaContent content && !content.getMedia().isEmpty();
    if (hasTools || hasMedia) {
      throw new IllegalArgumentException(
          "a message with tools or media is not supported, only text is");
    }
    return new ChatMessage(
        message.getMessageType().getValue(), message.getText() == null ? "" : message.getText());
  }

  private GenerationOptions options(Prompt prompt) {
    @Nullable ChatOptions options = prompt.getOptions();
    return options == null
        ? defaults
        : new Sampling(
                options.getMaxTokens(),
                options.getTemperature(),
                options.getTopP(),
                options.getTopK(),
                options.getStopSequences(),
                options.getFrequencyPenalty(),
                options.getPresencePenalty())
            .over(defaults);
  }

  /**
   * @param end of a text that is complete; null while it goes on
   */
  private ChatResponse response(String text, @Nullable Generation end) {
    var choice = ChatGenerationMetadata.builder();
    var metadata = ChatResponseMetadata.builder().model(name);
    if (end != null) {
      choice.finishReason(end.finish().name().toLowerCase(Locale.ROOT));
      metadata.usage(new DefaultUsage(end.promptTokens(), end.tokens()));
    }
    var generation =
        new org.springframework.ai.chat.model.Generation(
            new AssistantMessage(text), choice.build());
    return new ChatResponse(List.of(generation), metadata.build());
  }
}
