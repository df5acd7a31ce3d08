package nibble.cli.serve;

import java.util.Set;
import nibble.loaders.api.GenerationOptions;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;

/** The members of a request that say how text is generated. */
final class SamplingMembers {
  /** Members that are understood. */
  static final Set<String> NAMES =
      Set.of(
          "model",
          "stream",
          "stream_options",
          "max_tokens",
          "max_completion_tokens",
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "repetition_penalty",
          "seed",
          "stop",
          "n",
          "frequency_penalty",
          "presence_penalty",
          "logprobs",
          "logit_bias",
          "echo",
          "best_of",
          "response_format");

  private static final double TEMPERATURE = 1;

  private SamplingMembers() {}

  /**
   * The options that {@code body} asks for. As everywhere with this interface, the temperature is 1
   * where the request names none.
   *
   * @throws HttpFailure if a value is out of range, or the request asks for something that is not
   *     offered
   */
  static GenerationOptions options(Body body, GenerationOptions defaults) {
    refuseOthers(body);
    try {
      GenerationOptions options =
          defaults
              .withTemperature(body.number("temperature").orElse(TEMPERATURE))
              .withStop(body.strings("stop"));
      if (body.find("max_completion_tokens").or(() -> body.find("max_tokens")).isPresent()) {
        long tokens =
            body.integer("max_completion_tokens")
                .or(() -> body.integer("max_tokens"))
                .orElseThrow();
        options =
            options.withMaxTokens(
                Math.toIntExact(Math.clamp(tokens, Integer.MIN_VALUE, Integer.MAX_VALUE)));
      }
      options =
          options
              .withTopP(body.number("top_p").orElse(options.topP()))
              .withMinP(body.number("min_p").orElse(options.minP()));
      options =
          options.withTopK(
              Math.toIntExact(
                  Math.clamp(
                      body.integer("top_k").orElse((long) options.topK()), -1, Integer.MAX_VALUE)));
      return options
          .withRepetitionPenalty(
              body.number("repetition_penalty").orElse(options.repetitionPenalty()))
          .withSeed(body.integer("seed").orElse(options.seed()));
    } catch (IllegalArgumentException e) {
      throw HttpFailure.badRequest(String.valueOf(e.getMessage()));
    }
  }

  private static void refuseOthers(Body body) {
    body.integer("n").filter(n -> n != 1).ifPresent(n -> unsupported("n", "other than 1"));
    body.integer("best_of")
        .filter(n -> n != 1)
        .ifPresent(n -> unsupported("best_of", "other than 1"));
    body.number("frequency_penalty")
        .filter(p -> p != 0)
        .ifPresent(p -> unsupported("frequency_penalty", "other than 0; repetition_penalty is"));
    body.number("presence_penalty")
        .filter(p -> p != 0)
        .ifPresent(p -> unsupported("presence_penalty", "other than 0; repetition_penalty is"));
    body.find("logprobs")
        .filter(value -> !value.toString().equals("false"))
        .ifPresent(value -> unsupported("logprobs", ""));
    body.find("logit_bias")
        .filter(value -> !isEmpty(value))
        .ifPresent(value -> unsupported("logit_bias", ""));
    body.find("echo")
        .filter(value -> !value.toString().equals("false"))
        .ifPresent(value -> unsupported("echo", ""));
    body.find("response_format")
        .filter(value -> !isText(value))
        .ifPresent(value -> unsupported("response_format", "other than text"));
  }

  private static void unsupported(String member, String detail) {
    throw HttpFailure.badParameter(member, ("is not supported " + detail).strip());
  }

  private static boolean isEmpty(JsonValue value) {
    return value instanceof JsonObject object
        ? object.keys().isEmpty()
        : value instanceof JsonArray array && array.size() == 0;
  }

  private static boolean isText(JsonValue value) {
    return value instanceof JsonObject object
        && new Body(object).string("type").orElse("").equals("text");
  }

  /** Whether the numbers of tokens are wanted at the end of a stream. */
  static boolean wantsUsage(Body body) {
    return body.find("stream_options")
        .filter(
            value -> value instanceof JsonObject options && new Body(options).flag("include_usage"))
        .isPresent();
  }
}
