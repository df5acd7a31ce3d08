package nibble.adapters.springai;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import nibble.loaders.api.GenerationOptions;
import nibble.testing.FakeEmbedder;
import nibble.testing.FakeGenerator;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;

class SpringAiModelsTest {
  private final FakeGenerator generator = new FakeGenerator();
  private final ChatModel chat =
      new NibbleChatModel(generator, "fake", GenerationOptions.DEFAULTS.withMaxTokens(2));

  @Test
  void embeddings() {
    EmbeddingModel model = new NibbleEmbeddingModel(new FakeEmbedder(0), "fake");
    assertEquals(3, model.dimensions());
    assertArrayEquals(FakeEmbedder.vector("hello you"), model.embed("hello you"));
    assertArrayEquals(FakeEmbedder.vector("page"), model.embed(new Document("page")));
    var response = model.embedForResponse(List.of("a", "b c"));
    assertArrayEquals(FakeEmbedder.vector("b c"), response.getResults().get(1).getOutput());
    assertEquals(1, response.getResults().get(1).getIndex());
    assertEquals(3, response.getMetadata().getUsage().getPromptTokens());
    EmbeddingRequest narrow =
        new EmbeddingRequest(List.of("a"), EmbeddingOptions.builder().dimensions(2).build());
    assertThrows(IllegalArgumentException.class, () -> model.call(narrow));
  }

  @Test
  void chatUsesThePromptAndTheDefaults() {
    assertEquals("hi hi ", chat.call("hi"));
    ChatOptions options =
        ChatOptions.builder()
            .maxTokens(3)
            .temperature(0.25)
            .topK(4)
            .topP(0.5)
            .stopSequences(List.of("x"))
            .build();
    ChatResponse response =
        chat.call(
            new Prompt(List.of(new SystemMessage("be brief"), new UserMessage("hi")), options));
    assertEquals("hi hi hi ", response.getResult().getOutput().getText());
    assertEquals("length", response.getResult().getMetadata().getFinishReason());
    assertEquals(3, response.getMetadata().getUsage().getCompletionTokens());
    assertEquals("fake", response.getMetadata().getModel());
    assertEquals(
        new GenerationOptions(3, 0.25, 4, 0.5, 0, 1, List.of("x"), 1), generator.lastOptions);
  }

  @Test
  void whatIsNotSupportedIsRefused() {
    ChatOptions penalty = ChatOptions.builder().presencePenalty(0.5).build();
    assertThrows(IllegalArgumentException.class, () -> chat.call(new Prompt("hi", penalty)));
    ToolResponseMessage tool = ToolResponseMessage.builder().responses(List.of()).build();
    assertThrows(IllegalArgumentException.class, () -> chat.call(new Prompt(List.of(tool))));
  }

  @Test
  void streamsPiecesThenTheCounts() {
    List<ChatResponse> pieces = chat.stream(new Prompt("la")).collectList().block();
    assertEquals(3, pieces.size());
    assertEquals("la ", pieces.get(0).getResult().getOutput().getText());
    assertEquals(2, pieces.get(2).getMetadata().getUsage().getCompletionTokens());
    assertEquals(
        "la ", chat.stream(new Prompt("la")).blockFirst().getResult().getOutput().getText());
  }
}
