package nibble.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.cli.evaluation.Score;
import nibble.loaders.BadFileException;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import org.junit.jupiter.api.Test;

class ResultsTest {
  private static final Results RESULTS = results();

  private static Results results() {
    Map<String, Double> rtn = new LinkedHashMap<>();
    rtn.put("blocks.0.attn.q", 0.02);
    rtn.put("blocks.0.mlp.fc1", 0.08);
    Map<String, float[]> values = new LinkedHashMap<>();
    values.put("before", new float[] {0, 0, 0, 8, Float.NaN});
    values.put("after", new float[] {4, -4, 4, -4});
    Score.Comparison comparison = new Score.Comparison(0.75, 0.5, 0.01);
    return Results.titled("Comparing <forms>")
        .withFact("images", "4")
        .withRow(Results.Row.of("float", "F16", new Score(4, 0.75, 1, null, 2), 8_000_000, 0, 0))
        .withRow(
            Results.Row.of(
                "RTN", "W4A4", new Score(4, 0.5, 1, comparison, 1), 2_000_000, 61, 90_000_000))
        .withLayerErrors(new Results.LayerErrors("RTN", rtn))
        .withLayerErrors(new Results.LayerErrors("GPTQ", Map.of("blocks.0.mlp.fc1", 0.03)))
        .withDistribution(Distribution.of("Weights of a layer", "weight", values));
  }

  @Test
  void jsonReadBackIsTheSame() {
    Results read =
        Results.fromJson(Json.parseObject("results.json", Json.pretty(RESULTS.toJson())));
    assertEquals(RESULTS, read);
    assertEquals(
        List.copyOf(RESULTS.layerErrors().getFirst().byLayer().keySet()),
        List.copyOf(read.layerErrors().getFirst().byLayer().keySet()));
  }

  @Test
  void theTableShowsWhatIsKnown() {
    StringWriter text = new StringWriter();
    ResultsTable.of(RESULTS).print(new PrintWriter(text, true));
    List<String> lines = text.toString().lines().toList();
    assertEquals(
        List.of(
            "method",
            "scheme",
            "top-1",
            "top-5",
            "agreement",
            "logit",
            "MSE",
            "KL",
            "(nats)",
            "size",
            "(MB)",
            "images/s",
            "made",
            "in",
            "peak",
            "memory",
            "(MB)"),
        List.of(lines.get(0).split(" +")));
    assertTrue(
        lines.get(2).matches("float +F16 +75.00 % +100.00 % +- +- +- +8.00 +2.0 +- +-"),
        lines.get(2));
    assertTrue(
        lines
            .get(3)
            .matches(
                "RTN +W4A4 +50.00 % +100.00 % +75.00 % +0.500 +0.0100 +2.00 +4.0 +1 min 01 s +90"),
        lines.get(3));
    Results alone = Results.titled("one").withRow(RESULTS.rows().getFirst());
    assertFalse(ResultsTable.of(alone).header().contains("agreement"));
  }

  @Test
  void distributionsShareTheirBinsAndKnowTheirOutliers() {
    Distribution distribution = RESULTS.distributions().getFirst();
    assertEquals(-8, distribution.low());
    assertEquals(8, distribution.high());
    Distribution.Series before = distribution.series().get(0);
    assertEquals(4, before.total(), "NaN is left out");
    assertEquals(2, before.maxToRms(), 1e-12); // 8 / sqrt(64 / 4)
    assertEquals(1, before.counts().getLast());
    assertEquals(1, distribution.series().get(1).maxToRms(), 1e-12);
  }

  @Test
  void thePageHasASectionForEachKindOfResult() {
    String html = ResultsPage.of(RESULTS).toHtml();
    for (String expected :
        List.of(
            "Comparing &lt;forms&gt;",
            "Quality against size",
            "Error by layer",
            "Distributions",
            "before (max / RMS = 2.0)",
            "blocks.0.mlp.fc1, GPTQ")) {
      assertTrue(html.contains(expected), expected);
    }
    Results trained =
        RESULTS.withLayerErrors(
            new Results.LayerErrors("GPLQ", Map.of("blocks.0.mlp.fc1", Double.NaN)));
    assertEquals(html, ResultsPage.of(trained).toHtml(), "no bars, no entry in the legend");
    String empty = ResultsPage.of(Results.titled("nothing yet")).toHtml();
    assertFalse(empty.contains("<svg"));
    assertFalse(empty.contains("<h2"));
  }

  @Test
  void anotherSchemaAndDamagedSeriesAreRefused() {
    JsonObject other = RESULTS.toJson().with("schema", JsonNumber.of(2));
    assertTrue(
        assertThrows(BadFileException.class, () -> Results.fromJson(other))
            .getMessage()
            .contains("expected 1"));
    String damaged = Json.compact(RESULTS.toJson()).replace("\"low\":-8.0", "\"low\":9.0");
    String message =
        assertThrows(
                BadFileException.class, () -> Results.fromJson(Json.parseObject("r.json", damaged)))
            .getMessage();
    assertTrue(message.contains("r.json") && message.contains("ends in order"), message);
  }
}
