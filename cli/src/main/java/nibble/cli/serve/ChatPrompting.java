package nibble.cli.serve;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import nibble.loaders.api.ChatMessage;
import nibble.loaders.api.TextGenerator;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;

/** Conversations: {@code messages} in, an assistant's message out. */
final class ChatPrompting implements Prompting {
  private static final Set<String> MESSAGE_MEMBERS = Set.of("role", "content", "name");

  @Override
  public String path() {
    return "/v1/chat/completions";
  }

  @Override
  public Set<String> members() {
    Set<String> members = new HashSet<>(SamplingMembers.NAMES);
    members.add("messages");
    return members;
  }

  @Override
  public String idPrefix() {
    return "chatcmpl-";
  }

  @Override
  public String object() {
    return "chat.completion";
  }

  @Override
  public String chunkObject() {
    return "chat.completion.chunk";
  }

  @Override
  public Call call(Body body, TextGenerator generator) {
    if (!generator.canChat()) {
      throw HttpFailure.badRequest("the model has no chat template; use /v1/completions");
    }
    if (!(body.require("messages") instanceof JsonArray array) || array.size() == 0) {
      throw HttpFailure.badParameter("messages", "must be a list of at least one message");
    }
    List<ChatMessage> messages = new ArrayList<>();
    for (JsonValue element : array.values()) {
      messages.add(message(element));
    }
    return (options, listener) -> generator.chat(messages, options, listener);
  }

  private static ChatMessage message(JsonValue element) {
    if (!(element instanceof JsonObject object)) {
      throw HttpFailure.badParameter(
          "messages", "has %s, expected objects".formatted(element.kind()));
    }
    Body body = new Body(object);
    body.allow(MESSAGE_MEMBERS);
    return new ChatMessage(
        Body.text("role", body.require("role")), content(body.require("content")));
  }

  /** A text, or a list of parts that are texts. */
  private static String content(JsonValue content) {
    if (!(content instanceof JsonArray parts)) {
      return Body.text("content", content);
    }
    StringBuilder text = new StringBuilder();
    for (JsonValue part : parts.values()) {
      if (!(part instanceof JsonObject object)
          || !new Body(object).string("type").orElse("").equals("text")) {
        throw HttpFailure.badParameter(
            "content", "has a part that is not text; only text is supported");
      }
      text.append(Body.text("text", new Body(object).require("text")));
    }
    return text.toString();
  }

  @Override
  public JsonObject whole(String text) {
    return choice("message", text);
  }

  @Override
  public JsonObject piece(String text) {
    return choice("delta", text);
  }

  private static JsonObject choice(String key, String text) {
    JsonObject message =
        JsonObject.builder().put("role", "assistant").put("content", new JsonString(text)).build();
    return JsonObject.builder().put("index", 0).put(key, message).build();
  }

  @Override
  public JsonObject lastPiece() {
    return JsonObject.builder().put("index", 0).put("delta", JsonObject.empty()).build();
  }
}
