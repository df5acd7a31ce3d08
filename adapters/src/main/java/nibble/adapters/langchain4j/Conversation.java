package nibble.adapters.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import nibble.adapters.Sampling;
import nibble.loaders.api.ChatMessage;
import nibble.loaders.api.Generation;
import nibble.loaders.api.GenerationOptions;

/** Requests and answers of LangChain4j to and from those of Nibble. */
final class Conversation {
  private Conversation() {}

  static List<ChatMessage> messages(ChatRequest request) {
    if (request.toolSpecifications() != null && !request.toolSpecifications().isEmpty()) {
      throw new IllegalArgumentException("tools are not supported");
    }
    ResponseFormat format = request.responseFormat();
    if (format != null && format.type() != ResponseFormatType.TEXT) {
      throw new IllegalArgumentException(
          "response format " + format.type() + " is not supported, only text is");
    }
    return request.messages().stream().map(Conversation::message).toList();
  }

  private static ChatMessage message(dev.langchain4j.data.message.ChatMessage message) {
    return switch (message) {
      case SystemMessage system -> ChatMessage.system(system.text());
      case UserMessage user when user.hasSingleText() -> ChatMessage.user(user.singleText());
      case AiMessage assistant when assistant.text() != null ->
          ChatMessage.assistant(assistant.text());
      default ->
          throw new IllegalArgumentException(
              "a message of type "
                  + message.type()
                  + " is not supported here, only text of system, user and AI is");
    };
  }

  static GenerationOptions options(ChatRequest request, GenerationOptions defaults) {
    return new Sampling(
            request.maxOutputTokens(),
            request.temperature(),
            request.topP(),
            request.topK(),
            request.stopSequences(),
            request.frequencyPenalty(),
            request.presencePenalty())
        .over(defaults);
  }

  static ChatResponse response(Generation generation) {
    return ChatResponse.builder()
        .aiMessage(AiMessage.from(generation.text()))
        .tokenUsage(new TokenUsage(generation.promptTokens(), generation.tokens()))
        .finishReason(
            switch (generation.finish()) {
              case STOP -> FinishReason.STOP;
              case LENGTH -> FinishReason.LENGTH;
              case CANCELLED -> FinishReason.OTHER;
            })
        .build();
  }
}
