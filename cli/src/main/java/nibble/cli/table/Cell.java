package nibble.cli.table;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;

/**
 * One method at one scheme. Numbers of a cell that failed are NaN or 0.
 *
 * @param method a name that {@code nibble quantize --method} takes; {@code float} for the model
 *     itself
 * @param scheme such as W4A4; empty for the model itself
 * @param options of the method that are not the defaults
 * @param quality what was measured; empty where there is no result
 * @param bytes of the stored weights
 * @param seconds that quantization took
 * @param peakBytes largest resident memory of the process that quantized
 * @param error why there is no result; empty where there is one
 */
public record Cell(
    String method,
    String scheme,
    Map<String, String> options,
    Optional<Quality> quality,
    long bytes,
    double seconds,
    long peakBytes,
    String error) {

  public Cell {
    options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
  }

  /** A cell with a result. */
  public static Cell of(
      String method,
      String scheme,
      Map<String, String> options,
      Quality quality,
      long bytes,
      double seconds,
      long peakBytes) {
    return new Cell(method, scheme, options, Optional.of(quality), bytes, seconds, peakBytes, "");
  }

  /** A cell without a result. */
  public static Cell failed(
      String method, String scheme, Map<String, String> options, String error) {
    return new Cell(method, scheme, options, Optional.empty(), 0, Double.NaN, 0, error);
  }

  /** The method as a row names it: with the options that are not the defaults behind it. */
  public String label() {
    StringBuilder label = new StringBuilder(method);
    options.forEach((key, value) -> label.append(' ').append(key).append('=').append(value));
    return label.toString();
  }

  /** Whether it has a result. */
  public boolean isDone() {
    return quality.isPresent();
  }

  JsonObject toJson() {
    JsonObject json =
        JsonObject.empty()
            .with("method", new JsonString(method))
            .with("scheme", new JsonString(scheme));
    if (!options.isEmpty()) {
      json = json.with("options", TextMap.toJson(options));
    }
    if (quality.isEmpty()) {
      return json.with("error", new JsonString(error));
    }
    for (Map.Entry<String, JsonValue> entry : quality.get().toJson().values().entrySet()) {
      json = json.with(entry.getKey(), entry.getValue());
    }
    return json.with("bytes", JsonNumber.of(bytes))
        .with("seconds", Double.isFinite(seconds) ? JsonNumber.of(seconds) : JsonNull.NULL)
        .with("peak_bytes", JsonNumber.of(peakBytes));
  }

  static Cell fromJson(JsonObject json) {
    String method = json.string("method");
    String scheme = json.string("scheme");
    Map<String, String> options =
        json.has("options") ? TextMap.fromJson(json.object("options")) : Map.of();
    if (json.has("error")) {
      return failed(method, scheme, options, json.string("error"));
    }
    return of(
        method,
        scheme,
        options,
        Quality.fromJson(json),
        json.longInteger("bytes"),
        json.number("seconds", Double.NaN),
        json.longInteger("peak_bytes"));
  }
}
