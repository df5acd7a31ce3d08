package nibble.cli.serve;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import nibble.loaders.api.TextGenerator;
import nibble.loaders.json.JsonObject;

/** Plain continuation: one {@code prompt} in, its continuation out. */
final class PlainPrompting implements Prompting {
  @Override
  public String path() {
    return "/v1/completions";
  }

  @Override
  public Set<String> members() {
    Set<String> members = new HashSet<>(SamplingMembers.NAMES);
    members.add("prompt");
    return members;
  }

  @Override
  public String idPrefix() {
    return "cmpl-";
  }

  @Override
  public String object() {
    return "text_completion";
  }

  @Override
  public String chunkObject() {
    return "text_completion";
  }

  @Override
  public Call call(Body body, TextGenerator generator) {
    body.require("prompt");
    List<String> prompts = body.strings("prompt");
    if (prompts.size() != 1) {
      throw HttpFailure.badParameter(
          "prompt", "has %d texts, expected one".formatted(prompts.size()));
    }
    String prompt = prompts.getFirst();
    return (options, listener) -> generator.generate(prompt, options, listener);
  }

  @Override
  public JsonObject whole(String text) {
    return JsonObject.builder().put("index", 0).put("text", text).build();
  }

  @Override
  public JsonObject piece(String text) {
    return whole(text);
  }

  @Override
  public JsonObject lastPiece() {
    return whole("");
  }
}
