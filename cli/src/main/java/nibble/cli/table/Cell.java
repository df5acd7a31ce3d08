package nibble.cli.table;

import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;

/**
 * One method at one scheme. Numbers of a cell that failed are NaN or 0.
 *
 * @param method a name that {@code nibble quantize --method} takes; {@code float} for the model itself
 * @param scheme such as W4A4; empty for the model itself
 * @param top1 share of evaluation images whose label is the first choice
 * @param agreement share of them with the first choice of the float model
 * @param logitMse mean squared difference of logits from the float model
 * @param bytes of the stored weights
 * @param seconds that quantization took
 * @param peakBytes largest resident memory of the process that quantized
 * @param error why there is no result; empty where there is one
 */
public record Cell(
    String method, String scheme, double top1, double agreement, double logitMse, long bytes, double seconds, long peakBytes, String error) {

  /** A cell without a result. */
  public static Cell failed(String method, String scheme, String error) {
    return new Cell(method, scheme, Double.NaN, Double.NaN, Double.NaN, 0, Double.NaN, 0, error);
  }

  /** Whether it has a result. */
  public boolean isDone() {
    return error.isEmpty();
  }

  JsonObject toJson() {
    JsonObject json = JsonObject.empty().with("method", new JsonString(method)).with("scheme", new JsonString(scheme));
    if (!isDone()) {
      return json.with("error", new JsonString(error));
    }
    return json.with("top1", number(top1))
        .with("agreement", number(agreement))
        .with("logit_mse", number(logitMse))
        .with("bytes", JsonNumber.of(bytes))
        .with("seconds", number(seconds))
        .with("peak_bytes", JsonNumber.of(peakBytes));
  }

  private static JsonValue number(double value) {
    return Double.isFinite(value) ? JsonNumber.of(value) : JsonNull.NULL;
  }

  static Cell fromJson(JsonObject json) {
    if (json.has("error")) {
      return failed(json.string("method"), json.string("scheme"), json.string("error"));
    }
    return new Cell(
        json.string("method"), json.string("scheme"), json.number("top1", Double.NaN), json.number("agreement", Double.NaN), json.number("logit_mse", Double.NaN),
        json.longInteger("bytes"), json.number("seconds", Double.NaN), json.longInteger("peak_bytes"), "");
  }
}
