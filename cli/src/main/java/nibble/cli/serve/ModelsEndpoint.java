package nibble.cli.serve;

import java.io.IOException;
import java.util.List;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;

/** {@code GET /v1/models}: which models there are. */
record ModelsEndpoint(ServedModels models) implements Endpoint {
  @Override
  public String path() {
    return "/v1/models";
  }

  @Override
  public String method() {
    return "GET";
  }

  @Override
  public void answer(Exchange exchange) throws IOException {
    List<JsonObject> data =
        models.names().stream()
            .map(
                name ->
                    JsonObject.builder()
                        .put("id", name)
                        .put("object", "model")
                        .put("created", 0)
                        .put("owned_by", "nibble")
                        .build())
            .toList();
    exchange.send(
        200, JsonObject.builder().put("object", "list").put("data", JsonArray.of(data)).build());
  }
}
