package nibble.loaders.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An answer of the last server in a chain of redirects, with the headers that the hub itself sent.
 * Close it to end the transfer.
 */
record Answer(HttpResponse<BodyChunks> response, Duration idle) implements AutoCloseable {
  int status() {
    return response.statusCode();
  }

  Optional<String> header(String name) {
    return response.headers().firstValue(name);
  }

  /** A header that is a number that is not negative; empty if it is missing or something else. */
  OptionalLong number(String name) {
    Optional<String> text = header(name).filter(t -> t.matches("[0-9]{1,18}"));
    return text.isPresent() ? OptionalLong.of(Long.parseLong(text.get())) : OptionalLong.empty();
  }

  /**
   * The whole body as text.
   *
   * @throws HubException if it has more than {@code limit} bytes
   */
  String text(int limit) throws IOException, InterruptedException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (ByteBuffer chunk = response.body().next(idle);
        chunk != null;
        chunk = response.body().next(idle)) {
      if (bytes.size() + chunk.remaining() > limit) {
        throw new HubException(
            response.uri().getHost()
                + ": answers with more than "
                + limit
                + " bytes of text; not a hub");
      }
      byte[] copy = new byte[chunk.remaining()];
      chunk.get(copy);
      bytes.writeBytes(copy);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    response.body().close();
  }
}
