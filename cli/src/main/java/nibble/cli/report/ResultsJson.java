package nibble.cli.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import nibble.cli.terminal.JsonOut;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNull;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;

/** {@link Results} to JSON and back. */
final class ResultsJson {
  private ResultsJson() {}

  static JsonObject write(Results results) {
    JsonObject.Builder facts = JsonObject.builder();
    results.facts().forEach(facts::put);
    return JsonObject.builder()
        .put("schema", JsonOut.SCHEMA)
        .put("title", results.title())
        .put("facts", facts.build())
        .put("rows", array(results.rows().stream().map(ResultsJson::row).toList()))
        .put(
            "layer_errors",
            array(results.layerErrors().stream().map(ResultsJson::layerErrors).toList()))
        .put(
            "distributions",
            array(results.distributions().stream().map(ResultsJson::distribution).toList()))
        .build();
  }

  private static JsonArray array(List<JsonObject> objects) {
    return JsonArray.of(objects);
  }

  private static JsonObject row(Results.Row row) {
    return JsonObject.builder()
        .put("name", row.name())
        .put("scheme", row.scheme())
        .put("top1", number(row.top1()))
        .put("top5", number(row.top5()))
        .put("agreement", number(row.agreement()))
        .put("logit_mse", number(row.logitMse()))
        .put("kl", number(row.kl()))
        .put("bytes", bytes(row.bytes()))
        .put("images_per_second", number(row.imagesPerSecond()))
        .put("seconds", number(row.seconds()))
        .put("peak_bytes", bytes(row.peakBytes()))
        .put("measures", measures(row.measures()))
        .build();
  }

  private static JsonObject measures(Map<String, Double> measures) {
    JsonObject.Builder json = JsonObject.builder();
    measures.forEach((name, value) -> json.put(name, number(value)));
    return json.build();
  }

  private static JsonObject layerErrors(Results.LayerErrors errors) {
    List<JsonObject> layers =
        errors.byLayer().entrySet().stream()
            .map(
                entry ->
                    JsonObject.builder()
                        .put("layer", entry.getKey())
                        .put("error", number(entry.getValue()))
                        .build())
            .toList();
    return JsonObject.builder().put("name", errors.name()).put("layers", array(layers)).build();
  }

  private static JsonObject distribution(Distribution distribution) {
    return JsonObject.builder()
        .put("caption", distribution.caption())
        .put("axis", distribution.axis())
        .put("low", distribution.low())
        .put("high", distribution.high())
        .put("series", array(distribution.series().stream().map(ResultsJson::series).toList()))
        .build();
  }

  private static JsonObject series(Distribution.Series series) {
    return JsonObject.builder()
        .put("name", series.name())
        .put("max_to_rms", number(series.maxToRms()))
        .put("counts", JsonArray.of(series.counts().stream().map(JsonNumber::of).toList()))
        .build();
  }

  private static JsonValue number(double value) {
    return Double.isFinite(value) ? JsonNumber.of(value) : JsonNull.NULL;
  }

  private static JsonValue bytes(long value) {
    return value == 0 ? JsonNull.NULL : JsonNumber.of(value);
  }

  static Results read(JsonObject json) {
    if (json.integer("schema") != JsonOut.SCHEMA) {
      throw json.error(
          "schema",
          "is %d, expected %d; make the file again with this version"
              .formatted(json.integer("schema"), JsonOut.SCHEMA));
    }
    Map<String, String> facts = new LinkedHashMap<>();
    JsonObject stored = json.object("facts");
    stored.keys().forEach(key -> facts.put(key, stored.string(key)));
    return new Results(
        json.string("title"),
        facts,
        each(json, "rows", ResultsJson::readRow),
        each(json, "layer_errors", ResultsJson::readLayerErrors),
        each(json, "distributions", ResultsJson::readDistribution));
  }

  private static <T> List<T> each(JsonObject json, String key, Function<JsonObject, T> read) {
    JsonArray array = json.array(key);
    return IntStream.range(0, array.size()).mapToObj(i -> read.apply(array.object(i))).toList();
  }

  private static Results.Row readRow(JsonObject json) {
    return new Results.Row(
        json.string("name"),
        json.string("scheme"),
        known(json, "top1"),
        known(json, "top5"),
        known(json, "agreement"),
        known(json, "logit_mse"),
        known(json, "kl"),
        json.longInteger("bytes", 0),
        known(json, "images_per_second"),
        known(json, "seconds"),
        json.longInteger("peak_bytes", 0),
        readMeasures(json.findObject("measures").orElse(JsonObject.empty())));
  }

  private static Map<String, Double> readMeasures(JsonObject json) {
    Map<String, Double> measures = new LinkedHashMap<>();
    json.keys().forEach(name -> measures.put(name, known(json, name)));
    return measures;
  }

  private static double known(JsonObject json, String key) {
    return json.number(key, Double.NaN);
  }

  private static Results.LayerErrors readLayerErrors(JsonObject json) {
    Map<String, Double> byLayer = new LinkedHashMap<>();
    each(json, "layers", layer -> byLayer.put(layer.string("layer"), known(layer, "error")));
    return new Results.LayerErrors(json.string("name"), byLayer);
  }

  private static Distribution readDistribution(JsonObject json) {
    try {
      return new Distribution(
          json.string("caption"),
          json.string("axis"),
          json.number("low"),
          json.number("high"),
          each(json, "series", ResultsJson::readSeries));
    } catch (IllegalArgumentException e) {
      throw json.error(String.valueOf(e.getMessage()));
    }
  }

  private static Distribution.Series readSeries(JsonObject json) {
    JsonArray counts = json.array("counts");
    List<Long> numbers = IntStream.range(0, counts.size()).mapToObj(counts::longInteger).toList();
    return new Distribution.Series(json.string("name"), json.number("max_to_rms"), numbers);
  }
}
