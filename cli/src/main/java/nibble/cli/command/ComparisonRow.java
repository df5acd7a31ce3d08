package nibble.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.cli.report.Results;
import nibble.cli.terminal.Self;
import nibble.loaders.hf.Checkpoint;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonObject;

/**
 * Measures one model for {@code nibble compare}: by {@code nibble eval} in a process of its own,
 * alone and, unless it is the reference, once more beside the reference. So speed and peak memory
 * are those of the model alone.
 *
 * @param model which one
 * @param arguments of {@code eval} that say on what it is measured
 * @param reference what it is compared with
 */
record ComparisonRow(String model, List<String> arguments, String reference) {
  /** What {@code eval} says of a text model, and the column where it goes. */
  private record Measure(String key, String column) {}

  private static final List<Measure> MEASURES =
      List.of(
          new Measure("perplexity", "perplexity"),
          new Measure("standard_error", "standard error"),
          new Measure("spearman", "Spearman"),
          new Measure("cosine", "cosine"),
          new Measure("tokens_per_second", "tokens/s"),
          new Measure("sentences_per_second", "sentences/s"));

  Results.Row measure() throws IOException {
    JsonObject alone = eval(List.of());
    JsonObject beside =
        model.equals(reference) ? toItself(alone) : eval(List.of("--reference", reference));
    try (OpenModel open = OpenModel.of(model)) {
      return new Results.Row(
          model,
          scheme(open),
          alone.number("top1", Double.NaN),
          alone.number("top5", Double.NaN),
          beside.number("agreement", Double.NaN),
          beside.number("logit_mse", Double.NaN),
          beside.number("kl", Double.NaN),
          bytes(open),
          alone.number("images_per_second", Double.NaN),
          Double.NaN,
          alone.longInteger("peak_bytes", 0),
          measures(alone, beside));
    }
  }

  /** What a comparison of the reference with itself gives. */
  private static JsonObject toItself(JsonObject alone) {
    if (alone.has("spearman")) {
      return JsonObject.builder().put("cosine", 1).build();
    }
    JsonObject.Builder same = JsonObject.builder().put("agreement", 1).put("kl", 0);
    return alone.has("top1") ? same.put("logit_mse", 0).build() : same.build();
  }

  private static Map<String, Double> measures(JsonObject alone, JsonObject beside) {
    Map<String, Double> measures = new LinkedHashMap<>();
    for (Measure measure : MEASURES) {
      JsonObject source = alone.has(measure.key()) ? alone : beside;
      if (source.has(measure.key())) {
        measures.put(measure.column(), source.number(measure.key()));
      }
    }
    return measures;
  }

  private JsonObject eval(List<String> more) {
    List<String> all = new ArrayList<>(List.of("eval", model, "--json", "--quiet"));
    all.addAll(arguments);
    all.addAll(more);
    return Json.parseObject("result of eval " + model, Self.run(all));
  }

  /** The commonest form of the linear layers. */
  private static String scheme(OpenModel open) {
    return open.formats().entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElse("");
  }

  private static long bytes(OpenModel open) throws IOException {
    Path weights = open.loaded().checkpoint().folder().resolve(Checkpoint.WEIGHTS);
    return Files.exists(weights)
        ? Files.size(weights)
        : open.loaded().checkpoint().tensors().byteSize();
  }
}
