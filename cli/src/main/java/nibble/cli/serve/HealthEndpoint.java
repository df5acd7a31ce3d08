package nibble.cli.serve;

import java.io.IOException;
import nibble.loaders.json.JsonObject;

/** {@code GET /health}: whether the server answers. */
record HealthEndpoint() implements Endpoint {
  @Override
  public String path() {
    return "/health";
  }

  @Override
  public String method() {
    return "GET";
  }

  @Override
  public void answer(Exchange exchange) throws IOException {
    exchange.send(200, JsonObject.builder().put("status", "ok").build());
  }
}
