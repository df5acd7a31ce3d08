package nibble.cli.serve;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonValue;

/** Server-sent events: one JSON value after the other, each sent at once. For one thread. */
final class EventStream {
  private final OutputStream out;

  EventStream(OutputStream out) {
    this.out = out;
  }

  /**
   * Sends one event.
   *
   * @throws IOException if the client went away
   */
  void send(JsonValue value) throws IOException {
    line("data: " + Json.compact(value) + "\n\n");
  }

  /** Says that no event follows. */
  void end() throws IOException {
    line("data: [DONE]\n\n");
  }

  private void line(String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }
}
