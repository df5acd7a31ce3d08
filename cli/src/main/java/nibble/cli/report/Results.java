package nibble.cli.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import nibble.cli.evaluation.Score;
import nibble.loaders.json.JsonObject;

/**
 * What was measured of several forms of one model (float, quantized one way, quantized another):
 * the content of a report and of the JSON file that {@code nibble report} draws again.
 *
 * <pre>{@code
 * Results results =
 *     Results.titled("Quantizing a vision transformer")
 *         .withFact("images", "512 held-out pictures")
 *         .withRow(Results.Row.of("float", "F16", score, bytes, 0, peakBytes))
 *         .withLayerErrors(new Results.LayerErrors("RTN", Map.of("blocks.0.mlp.fc1", 0.08)))
 *         .withDistribution(Distribution.of("Weights of blocks.0.mlp.fc1", "weight", Map.of("before rotation", before, "after", after)));
 * Json.write(Path.of("results.json"), results.toJson());
 * ResultsPage.of(results).write(Path.of("report.html"));
 * ResultsTable.of(results).print(console.out());
 * }</pre>
 *
 * <p>Immutable. Order is kept everywhere: the first row is the one that others are compared with.
 *
 * @param title of the report
 * @param facts what holds for all rows, name to value: model, images, machine, command ...
 * @param rows one per form of the model
 * @param layerErrors errors layer by layer, one entry per method
 * @param distributions how weights and activations are spread, one per figure
 */
public record Results(
    String title,
    Map<String, String> facts,
    List<Row> rows,
    List<LayerErrors> layerErrors,
    List<Distribution> distributions) {
  /** Copies the collections. */
  public Results {
    facts = ordered(facts);
    rows = List.copyOf(rows);
    layerErrors = List.copyOf(layerErrors);
    distributions = List.copyOf(distributions);
  }

  /**
   * One form of the model. Every number but the names may be unknown: NaN for a fraction, rate or
   * time, 0 for a number of bytes.
   *
   * @param name what it is called, such as "Hadamard + GPTQ"
   * @param scheme number formats, such as "W4A4" or "F16"
   * @param top1 share of images whose label is the first choice
   * @param top5 share of images whose label is among the first five choices
   * @param agreement share of images with the same first choice as the first row
   * @param logitMse mean squared difference of logits from the first row
   * @param kl mean KL(first row || this row) of class probabilities, in nats
   * @param bytes of the stored weights
   * @param imagesPerSecond speed of forward passes
   * @param seconds spent to make it
   * @param peakBytes largest resident memory while it was made or run
   * @param measures what else was measured, such as a perplexity, by the name of its column; in
   *     their order
   */
  public record Row(
      String name,
      String scheme,
      double top1,
      double top5,
      double agreement,
      double logitMse,
      double kl,
      long bytes,
      double imagesPerSecond,
      double seconds,
      long peakBytes,
      Map<String, Double> measures) {
    /** Copies the map. */
    public Row {
      measures = ordered(measures);
    }

    /** A row without other measures. */
    public Row(
        String name,
        String scheme,
        double top1,
        double top5,
        double agreement,
        double logitMse,
        double kl,
        long bytes,
        double imagesPerSecond,
        double seconds,
        long peakBytes) {
      this(
          name,
          scheme,
          top1,
          top5,
          agreement,
          logitMse,
          kl,
          bytes,
          imagesPerSecond,
          seconds,
          peakBytes,
          Map.of());
    }

    /** A row with the outcome of an evaluation. */
    public static Row of(
        String name, String scheme, Score score, long bytes, double seconds, long peakBytes) {
      Score.Comparison comparison =
          score.comparison() == null
              ? new Score.Comparison(Double.NaN, Double.NaN, Double.NaN)
              : score.comparison();
      return new Row(
          name,
          scheme,
          score.top1(),
          score.top5(),
          comparison.agreement(),
          comparison.logitMse(),
          comparison.kl(),
          bytes,
          score.imagesPerSecond(),
          seconds,
          peakBytes);
    }
  }

  /**
   * Errors of one method, layer by layer.
   *
   * @param name of the method
   * @param byLayer layer name to relative error (squared norm of the difference over squared norm
   *     of the exact value), in model order
   */
  public record LayerErrors(String name, Map<String, Double> byLayer) {
    /** Copies the map. */
    public LayerErrors {
      byLayer = ordered(byLayer);
    }
  }

  /** Results without content yet. */
  public static Results titled(String title) {
    return new Results(title, Map.of(), List.of(), List.of(), List.of());
  }

  /** These results with one more fact; a fact of this name is replaced. */
  public Results withFact(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(facts);
    more.put(name, value);
    return new Results(title, more, rows, layerErrors, distributions);
  }

  /** These results with one more row. */
  public Results withRow(Row row) {
    return new Results(title, facts, plus(rows, row), layerErrors, distributions);
  }

  /** These results with the layer errors of one more method. */
  public Results withLayerErrors(LayerErrors errors) {
    return new Results(title, facts, rows, plus(layerErrors, errors), distributions);
  }

  /** These results with one more distribution. */
  public Results withDistribution(Distribution distribution) {
    return new Results(title, facts, rows, layerErrors, plus(distributions, distribution));
  }

  /**
   * As JSON: keys {@code schema, title, facts, rows, layer_errors, distributions}; unknown numbers
   * are {@code null}.
   */
  public JsonObject toJson() {
    return ResultsJson.write(this);
  }

  /**
   * The results in JSON.
   *
   * @throws nibble.loaders.BadFileException naming the key, if something is missing or of the wrong
   *     type
   */
  public static Results fromJson(JsonObject json) {
    return ResultsJson.read(json);
  }

  private static <T> List<T> plus(List<T> list, T element) {
    return Stream.concat(list.stream(), Stream.of(element)).toList();
  }

  private static <V> Map<String, V> ordered(Map<String, V> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }
}
