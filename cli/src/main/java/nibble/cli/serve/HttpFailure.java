package nibble.cli.serve;

import java.util.Optional;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;

/** A request that is not answered with a result, but with a status and one line that says why. */
final class HttpFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String type;
  private final transient Optional<String> parameter;

  private HttpFailure(int status, String type, Optional<String> parameter, String message) {
    super(message, null, false, false);
    this.status = status;
    this.type = type;
    this.parameter = parameter;
  }

  /** Status 400: the request as a whole cannot be understood. */
  static HttpFailure badRequest(String message) {
    return new HttpFailure(400, "invalid_request_error", Optional.empty(), message);
  }

  /** Status 400: member {@code parameter} of the request is wrong. */
  static HttpFailure badParameter(String parameter, String problem) {
    return new HttpFailure(
        400,
        "invalid_request_error",
        Optional.of(parameter),
        "'%s' %s".formatted(parameter, problem));
  }

  /** Status 404. */
  static HttpFailure notFound(String message) {
    return new HttpFailure(404, "invalid_request_error", Optional.empty(), message);
  }

  /** Another status of a request that is at fault. */
  static HttpFailure refused(int status, String message) {
    return new HttpFailure(status, "invalid_request_error", Optional.empty(), message);
  }

  /** Status 429: too many requests are waiting already. */
  static HttpFailure busy(String message) {
    return new HttpFailure(429, "rate_limit_error", Optional.empty(), message);
  }

  /** Status 503: the server is ending. */
  static HttpFailure ending() {
    return new HttpFailure(503, "server_error", Optional.empty(), "the server is shutting down");
  }

  /** Status 500: the model or the server failed. */
  static HttpFailure internal(String message) {
    return new HttpFailure(500, "server_error", Optional.empty(), message);
  }

  int status() {
    return status;
  }

  /** The failure as clients of OpenAI's interface expect it. */
  JsonObject json() {
    JsonObject error =
        JsonObject.builder()
            .put("message", String.valueOf(getMessage()))
            .put("type", type)
            .put("param", parameter.<JsonValue>map(JsonString::new).orElse(JsonNull.NULL))
            .put("code", JsonNull.NULL)
            .build();
    return JsonObject.builder().put("error", error).build();
  }
}
