package nibble.cli.serve;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;

/** One request and its answer. For one thread. */
final class Exchange {
  private static final String JSON = "application/json";

  private final HttpExchange http;
  private final int bodyBytes;

  /**
   * @param bodyBytes longest body that is read
   */
  Exchange(HttpExchange http, int bodyBytes) {
    this.http = http;
    this.bodyBytes = bodyBytes;
  }

  String method() {
    return http.getRequestMethod();
  }

  String path() {
    return http.getRequestURI().getPath();
  }

  /** The first header {@code name}; empty if there is none. */
  Optional<String> header(String name) {
    return Optional.ofNullable(http.getRequestHeaders().getFirst(name));
  }

  /**
   * The whole body.
   *
   * @throws HttpFailure if it is too long
   */
  byte[] body() throws IOException {
    long announced = announcedLength();
    if (announced > bodyBytes) {
      throw tooLong();
    }
    InputStream in = http.getRequestBody();
    byte[] body = in.readNBytes(bodyBytes);
    if (body.length == bodyBytes && in.read() >= 0) {
      throw tooLong();
    }
    return body;
  }

  private long announcedLength() {
    try {
      return header("Content-Length").map(Long::parseLong).orElse(-1L);
    } catch (NumberFormatException e) {
      throw HttpFailure.badRequest("the Content-Length header is not a number");
    }
  }

  private HttpFailure tooLong() {
    return HttpFailure.refused(413, "the body is longer than %,d bytes".formatted(bodyBytes));
  }

  /**
   * The body as a JSON object.
   *
   * @throws HttpFailure if it is something else
   */
  JsonObject json() throws IOException {
    String type = header("Content-Type").orElse(JSON);
    if (!type.regionMatches(true, 0, JSON, 0, JSON.length())) {
      throw HttpFailure.refused(415, "the body is '%s', expected %s".formatted(type, JSON));
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body())).toString();
      return Json.parseObject("request body", text);
    } catch (CharacterCodingException e) {
      throw HttpFailure.badRequest("the body is not UTF-8");
    } catch (BadFileException e) {
      throw HttpFailure.badRequest(String.valueOf(e.getMessage()));
    }
  }

  /** Sends {@code value} as the whole answer. */
  void send(int status, JsonValue value) throws IOException {
    byte[] body = Json.compact(value).getBytes(StandardCharsets.UTF_8);
    Headers headers = http.getResponseHeaders();
    headers.set("Content-Type", JSON);
    http.sendResponseHeaders(status, body.length);
    http.getResponseBody().write(body);
  }

  /** Sends {@code failure}, unless an answer has begun. */
  void send(HttpFailure failure) throws IOException {
    if (http.getResponseCode() != -1) {
      return;
    }
    Headers headers = http.getResponseHeaders();
    switch (failure.status()) {
      case 401 -> headers.set("WWW-Authenticate", "Bearer");
      case 429, 503 -> headers.set("Retry-After", "1");
      default -> {}
    }
    send(failure.status(), failure.json());
  }

  /** Sets a header of the answer. */
  void setHeader(String name, String value) {
    http.getResponseHeaders().set(name, value);
  }

  /** Sends an answer without a body. */
  void sendNothing() throws IOException {
    http.sendResponseHeaders(204, -1);
  }

  /** Begins an answer of server-sent events. */
  EventStream events() throws IOException {
    Headers headers = http.getResponseHeaders();
    headers.set("Content-Type", "text/event-stream; charset=utf-8");
    headers.set("Cache-Control", "no-cache");
    http.sendResponseHeaders(200, 0);
    return new EventStream(http.getResponseBody());
  }
}
