package nibble.cli.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import nibble.loaders.api.Embedder;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;

/** {@code POST /v1/embeddings}: vectors of texts. */
record EmbeddingsEndpoint(ServedModels models, Admission admission) implements Endpoint {
  private static final Set<String> MEMBERS =
      Set.of("model", "input", "encoding_format", "dimensions");
  private static final int MOST_TEXTS = 2048;

  @Override
  public String path() {
    return "/v1/embeddings";
  }

  @Override
  public String method() {
    return "POST";
  }

  @Override
  public void answer(Exchange exchange) throws IOException {
    Body body = new Body(exchange.json());
    body.allow(MEMBERS);
    ServedModels.Named<Embedder> chosen =
        ServedModels.choose(models.embedders(), body.string("model"), "embedding");
    Embedder embedder = chosen.model();
    List<String> texts = texts(body);
    boolean base64 = isBase64(body);
    body.integer("dimensions")
        .filter(wanted -> wanted != embedder.dimension())
        .ifPresent(
            wanted -> {
              throw HttpFailure.badParameter(
                  "dimensions",
                  "is %d, this model gives %d".formatted(wanted, embedder.dimension()));
            });
    List<float[]> vectors;
    try (var turn = admission.enter()) {
      vectors = embedder.embed(texts);
    }
    long tokens = texts.stream().mapToLong(embedder::countTokens).sum();
    exchange.send(200, result(chosen.name(), vectors, base64, tokens));
  }

  private static List<String> texts(Body body) {
    body.require("input");
    List<String> texts = body.strings("input");
    if (texts.isEmpty() || texts.size() > MOST_TEXTS) {
      throw HttpFailure.badParameter(
          "input", "has %d texts, expected 1 to %d".formatted(texts.size(), MOST_TEXTS));
    }
    return texts;
  }

  private static boolean isBase64(Body body) {
    return switch (body.string("encoding_format").orElse("float")) {
      case "float" -> false;
      case "base64" -> true;
      default -> throw HttpFailure.badParameter("encoding_format", "must be float or base64");
    };
  }

  private static JsonObject result(
      String model, List<float[]> vectors, boolean base64, long tokens) {
    List<JsonValue> data = new ArrayList<>();
    for (float[] vector : vectors) {
      data.add(
          JsonObject.builder()
              .put("object", "embedding")
              .put("index", data.size())
              .put("embedding", base64 ? new JsonString(base64(vector)) : numbers(vector))
              .build());
    }
    return JsonObject.builder()
        .put("object", "list")
        .put("data", JsonArray.of(data))
        .put("model", model)
        .put(
            "usage",
            JsonObject.builder().put("prompt_tokens", tokens).put("total_tokens", tokens).build())
        .build();
  }

  private static JsonValue numbers(float[] vector) {
    List<JsonValue> numbers = new ArrayList<>(vector.length);
    for (float value : vector) {
      numbers.add(new JsonNumber(Float.toString(value)));
    }
    return JsonArray.of(numbers);
  }

  /** The numbers as 32-bit floats, least significant byte first. */
  private static String base64(float[] vector) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    return Base64.getEncoder().encodeToString(bytes.array());
  }
}
