package nibble.adapters.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.concurrent.Executor;
import nibble.loaders.api.Generation;
import nibble.loaders.api.GenerationOptions;
import nibble.loaders.api.TextGenerator;

/**
 * A {@link TextGenerator} as LangChain4j's {@link StreamingChatModel}, for text without tools. The
 * generator stays the caller's, who closes it. Thread-safe.
 */
public final class NibbleStreamingChatModel implements StreamingChatModel {
  private final TextGenerator generator;
  private final GenerationOptions defaults;
  private final Executor executor;

  /**
   * @param defaults for what a request leaves open
   * @param executor runs the calls, which wait for the whole text; {@code Runnable::run} makes
   *     {@code chat} return after it
   */
  public NibbleStreamingChatModel(
      TextGenerator generator, GenerationOptions defaults, Executor executor) {
    this.generator = generator;
    this.defaults = defaults;
    this.executor = executor;
  }

  @Override
  public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
    executor.execute(() -> run(request, handler));
  }

  private void run(ChatRequest request, StreamingChatResponseHandler handler) {
    Generation generation;
    try {
      generation =
          generator.chat(
              Conversation.messages(request),
              Conversation.options(request, defaults),
              piece -> {
                handler.onPartialResponse(piece);
                return true;
              });
    } catch (RuntimeException e) {
      handler.onError(e);
      return;
    }
    handler.onCompleteResponse(Conversation.response(generation));
  }
}
