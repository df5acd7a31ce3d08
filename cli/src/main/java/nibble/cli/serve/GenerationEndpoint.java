package nibble.cli.serve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import nibble.loaders.api.Generation;
import nibble.loaders.api.GenerationOptions;
import nibble.loaders.api.TextGenerator;
import nibble.loaders.api.TextListener;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /v1/chat/completions} and {@code POST /v1/completions}: generated text, whole or as a
 * stream. A client that goes away ends its generation with the next piece of text.
 */
final class GenerationEndpoint implements Endpoint {
  private final ServedModels models;
  private final Admission admission;
  private final Prompting prompting;
  private final Set<String> members;
  private final AtomicLong count = new AtomicLong();

  GenerationEndpoint(ServedModels models, Admission admission, Prompting prompting) {
    this.models = models;
    this.admission = admission;
    this.prompting = prompting;
    members = prompting.members();
  }

  @Override
  public String path() {
    return prompting.path();
  }

  @Override
  public String method() {
    return "POST";
  }

  @Override
  public void answer(Exchange exchange) throws IOException {
    Body body = new Body(exchange.json());
    body.allow(members);
    ServedModels.Named<TextGenerator> chosen =
        ServedModels.choose(models.generators(), body.string("model"), "text generation");
    GenerationOptions options = SamplingMembers.options(body, GenerationOptions.DEFAULTS);
    Prompting.Call call = prompting.call(body, chosen.model());
    String id = prompting.idPrefix() + count.incrementAndGet();
    try (var turn = admission.enter()) {
      if (body.flag("stream")) {
        stream(exchange, call, options, id, chosen.name(), SamplingMembers.wantsUsage(body));
      } else {
        Generation generation = call.run(options, TextListener.NONE);
        exchange.send(200, whole(generation, id, chosen.name()));
      }
    } catch (IllegalArgumentException e) { // the prompt does not fit the model
      throw HttpFailure.badRequest(String.valueOf(e.getMessage()));
    }
  }

  private JsonObject whole(Generation generation, String id, String model) {
    JsonObject choice =
        prompting
            .whole(generation.text())
            .with("finish_reason", new JsonString(reason(generation)));
    return head(id, model, prompting.object())
        .with("choices", JsonArray.of(List.of(choice)))
        .with("usage", usage(generation));
  }

  private static JsonObject head(String id, String model, String object) {
    return JsonObject.builder()
        .put("id", id)
        .put("object", object)
        .put("created", System.currentTimeMillis() / 1000)
        .put("model", model)
        .build();
  }

  private static JsonObject usage(Generation generation) {
    return JsonObject.builder()
        .put("prompt_tokens", generation.promptTokens())
        .put("completion_tokens", generation.tokens())
        .put("total_tokens", (long) generation.promptTokens() + generation.tokens())
        .build();
  }

  private static String reason(Generation generation) {
    return generation.finish() == Generation.FinishReason.LENGTH ? "length" : "stop";
  }

  private void stream(
      Exchange exchange,
      Prompting.Call call,
      GenerationOptions options,
      String id,
      String model,
      boolean wantsUsage)
      throws IOException {
    JsonObject head = head(id, model, prompting.chunkObject());
    Chunks chunks = new Chunks(exchange, head);
    Generation generation;
    try {
      generation =
          call.run(
              options,
              piece -> {
                chunks.send(prompting.piece(piece), JsonNull.NULL);
                return true;
              });
    } catch (UncheckedIOException e) { // the client went away
      throw e.getCause();
    }
    try {
      chunks.send(prompting.lastPiece(), new JsonString(reason(generation)));
      if (wantsUsage) {
        chunks
            .events()
            .send(head.with("choices", JsonArray.of(List.of())).with("usage", usage(generation)));
      }
      chunks.events().end();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /**
   * Sends pieces of one generation; the answer begins with the first, so that a prompt that is
   * refused still gets its status.
   */
  private static final class Chunks {
    private final Exchange exchange;
    private final JsonObject head;
    private @Nullable EventStream events;

    Chunks(Exchange exchange, JsonObject head) {
      this.exchange = exchange;
      this.head = head;
    }

    EventStream events() throws IOException {
      EventStream current = events;
      if (current == null) {
        current = exchange.events();
        events = current;
      }
      return current;
    }

    void send(JsonObject choice, JsonValue finish) {
      try {
        events()
            .send(
                head.with("choices", JsonArray.of(List.of(choice.with("finish_reason", finish)))));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
