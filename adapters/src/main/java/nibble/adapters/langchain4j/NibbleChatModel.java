package nibble.adapters.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import nibble.loaders.api.GenerationOptions;
import nibble.loaders.api.TextGenerator;
import nibble.loaders.api.TextListener;

/**
 * A {@link TextGenerator} as LangChain4j's {@link ChatModel}, for text without tools. The generator
 * stays the caller's, who closes it. Thread-safe.
 */
public final class NibbleChatModel implements ChatModel {
  private final TextGenerator generator;
  private final GenerationOptions defaults;

  /**
   * @param defaults for what a request leaves open
   */
  public NibbleChatModel(TextGenerator generator, GenerationOptions defaults) {
    this.generator = generator;
    this.defaults = defaults;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the request has tools, images, a response format, or
   *     penalties that Nibble does not have
   */
  @Override
  public ChatResponse doChat(ChatRequest request) {
    return Conversation.response(
        generator.chat(
            Conversation.messages(request),
            Conversation.options(request, defaults),
            TextListener.NONE));
  }
}
