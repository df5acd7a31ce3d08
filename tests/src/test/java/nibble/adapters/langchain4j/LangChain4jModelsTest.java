package nibble.adapters.langchain4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.FinishReason;
import java.util.ArrayList;
import java.util.List;
import nibble.loaders.api.GenerationOptions;
import nibble.testing.FakeEmbedder;
import nibble.testing.FakeGenerator;
import org.junit.jupiter.api.Test;

class LangChain4jModelsTest {
  private final FakeGenerator generator = new FakeGenerator();
  private final ChatModel chat =
      new NibbleChatModel(
          generator, GenerationOptions.DEFAULTS.withMaxTokens(2).withTemperature(0.5));

  @Test
  void embeddings() {
    EmbeddingModel model = new NibbleEmbeddingModel(new FakeEmbedder(0), "fake");
    assertEquals(3, model.dimension());
    assertEquals("fake", model.modelName());
    assertArrayEquals(
        FakeEmbedder.vector("hello you"), model.embed("hello you").content().vector());
    var all = model.embedAll(List.of(TextSegment.from("a"), TextSegment.from("b c")));
    assertArrayEquals(FakeEmbedder.vector("b c"), all.content().get(1).vector());
    assertEquals(3, all.tokenUsage().inputTokenCount());
    assertEquals(List.of(), model.embedAll(List.of()).content());
  }

  @Test
  void chatUsesTheRequestAndTheDefaults() {
    ChatResponse response =
        chat.chat(
            SystemMessage.from("be brief"),
            UserMessage.from("a"),
            AiMessage.from("b"),
            UserMessage.from("hi"));
    assertEquals("hi hi ", response.aiMessage().text());
    assertEquals(FinishReason.LENGTH, response.finishReason());
    assertEquals(2, response.tokenUsage().outputTokenCount());
    assertEquals(0.5, generator.lastOptions.temperature());
    chat.chat(
        ChatRequest.builder()
            .messages(UserMessage.from("hi"))
            .maxOutputTokens(5)
            .temperature(0.25)
            .topP(0.75)
            .topK(3)
            .stopSequences(List.of("x"))
            .build());
    assertEquals(
        new GenerationOptions(5, 0.25, 3, 0.75, 0, 1, List.of("x"), 1), generator.lastOptions);
    assertEquals("hi hi ", chat.chat("hi"));
  }

  @Test
  void whatIsNotSupportedIsRefused() {
    ChatRequest.Builder request = ChatRequest.builder().messages(UserMessage.from("hi"));
    assertThrows(
        IllegalArgumentException.class, () -> chat.chat(request.frequencyPenalty(0.1).build()));
    ChatRequest tools =
        ChatRequest.builder()
            .messages(UserMessage.from("hi"))
            .toolSpecifications(ToolSpecification.builder().name("t").build())
            .build();
    assertThrows(IllegalArgumentException.class, () -> chat.chat(tools));
    UserMessage image = UserMessage.from(ImageContent.from("https://example.org/a.png"));
    assertThrows(IllegalArgumentException.class, () -> chat.chat(image));
  }

  @Test
  void streamsPiecesThenTheWhole() {
    var model =
        new NibbleStreamingChatModel(
            generator, GenerationOptions.DEFAULTS.withMaxTokens(3), Runnable::run);
    Recorder recorder = new Recorder();
    model.chat("la", recorder);
    assertEquals(List.of("la ", "la ", "la "), recorder.pieces);
    assertEquals("la la la ", recorder.whole.getFirst().aiMessage().text());
    Recorder failing = new Recorder();
    model.chat(List.of(UserMessage.from(ImageContent.from("https://example.org/a.png"))), failing);
    assertInstanceOf(IllegalArgumentException.class, failing.errors.getFirst());
    assertTrue(failing.whole.isEmpty());
  }

  private static final class Recorder implements StreamingChatResponseHandler {
    final List<String> pieces = new ArrayList<>();
    final List<ChatResponse> whole = new ArrayList<>();
    final List<Throwable> errors = new ArrayList<>();

    @Override
    public void onPartialResponse(String piece) {
      pieces.add(piece);
    }

    @Override
    public void onCompleteResponse(ChatResponse response) {
      whole.add(response);
    }

    @Override
    public void onError(Throwable error) {
      errors.add(error);
    }
  }
}
