package nibble.cli.serve;

import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import nibble.loaders.BadFileException;
import nibble.loaders.api.ImageClassifier;
import nibble.loaders.api.ImageClassifier.Prediction;
import nibble.loaders.image.RgbImage;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;

/**
 * {@code POST /v1/classifications}: the classes of an image. The body is a JPEG or PNG file, or a
 * JSON object {@code {"image": ..., "model": ..., "top": ...}} with the image in base64 (a {@code
 * data:} URL or the characters alone).
 */
record ClassificationsEndpoint(ServedModels models, Admission admission) implements Endpoint {
  private static final Set<String> MEMBERS = Set.of("model", "image", "top");
  private static final int TOP = 5;

  @Override
  public String path() {
    return "/v1/classifications";
  }

  @Override
  public String method() {
    return "POST";
  }

  private record Question(Optional<String> model, byte[] image, int top) {}

  @Override
  public void answer(Exchange exchange) throws IOException {
    Question question =
        exchange.header("Content-Type").orElse("").startsWith("image/")
            ? new Question(Optional.empty(), exchange.body(), TOP)
            : json(exchange);
    ServedModels.Named<ImageClassifier> chosen =
        ServedModels.choose(models.classifiers(), question.model(), "image classification");
    List<Prediction> predictions;
    try (var turn = admission.enter()) {
      predictions = chosen.model().classify(decoded(question.image()), question.top());
    }
    exchange.send(
        200,
        JsonObject.builder()
            .put("object", "list")
            .put("model", chosen.name())
            .put("data", json(predictions))
            .build());
  }

  private static Question json(Exchange exchange) throws IOException {
    Body body = new Body(exchange.json());
    body.allow(MEMBERS);
    long top = body.integer("top").orElse((long) TOP);
    if (top < 1 || top > 100_000) {
      throw HttpFailure.badParameter("top", "is %d, expected 1 to 100000".formatted(top));
    }
    return new Question(
        body.string("model"), bytes(Body.text("image", body.require("image"))), (int) top);
  }

  private static byte[] bytes(String text) {
    int comma = text.startsWith("data:") ? text.indexOf(',') : -1;
    try {
      return Base64.getDecoder().decode(text.substring(comma + 1));
    } catch (IllegalArgumentException e) {
      throw HttpFailure.badParameter("image", "is not base64: " + e.getMessage());
    }
  }

  private static RgbImage decoded(byte[] content) {
    try {
      return RgbImage.decode("image", content);
    } catch (BadFileException e) {
      throw HttpFailure.badRequest(String.valueOf(e.getMessage()));
    }
  }

  private static JsonArray json(List<Prediction> predictions) {
    return JsonArray.of(
        predictions.stream()
            .map(
                p ->
                    JsonObject.builder()
                        .put("index", p.index())
                        .put("label", p.label())
                        .put("p", new JsonNumber(Float.toString(p.probability())))
                        .build())
            .toList());
  }
}
