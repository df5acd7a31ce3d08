package nibble.cli.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import nibble.cli.terminal.Table;

/** {@link Results} as a page: the table, quality against size, errors layer by layer, distributions. Sections without content are left out. */
public final class ResultsPage {
  private ResultsPage() {}

  /** The page, to be written with {@link HtmlReport#write}. */
  public static HtmlReport of(Results results) {
    HtmlReport page = new HtmlReport(results.title());
    if (!results.facts().isEmpty()) {
      Table facts = new Table("what", "value");
      results.facts().forEach((name, value) -> facts.row(name, value));
      page.table(facts);
    }
    if (!results.rows().isEmpty()) {
      page.section("Results").table(ResultsTable.of(results));
      quality(page, results.rows());
    }
    layers(page, results.layerErrors());
    if (!results.distributions().isEmpty()) {
      page.section("Distributions").paragraph("A flat distribution loses little when it is rounded to few codes; a narrow one with rare large values loses much.");
      results.distributions().forEach(distribution -> page.figure(distribution.caption(), new Histogram(distribution, true)));
    }
    return page;
  }

  private static void quality(HtmlReport page, List<Results.Row> rows) {
    List<Results.Row> drawn = rows.stream().filter(row -> row.bytes() > 0 && Double.isFinite(row.top1())).toList();
    if (drawn.isEmpty()) {
      return;
    }
    List<String> schemes = new ArrayList<>(new LinkedHashSet<>(drawn.stream().map(Results.Row::scheme).toList()));
    ScatterPlot plot = new ScatterPlot(new Axis("stored weights", "MB"), new Axis("top-1", "%"));
    for (Results.Row row : drawn) {
      String label = row.name().equals(row.scheme()) ? row.name() : row.name() + " " + row.scheme();
      plot.point(label, row.bytes() * 1e-6, 100 * row.top1(), schemes.indexOf(row.scheme()));
    }
    page.section("Quality against size").figure("Top-1 of each form of the model over the size of its weights; one colour per scheme.", plot);
  }

  private static void layers(HtmlReport page, List<Results.LayerErrors> errors) {
    Set<String> names = new LinkedHashSet<>();
    errors.forEach(method -> names.addAll(method.byLayer().keySet()));
    if (names.isEmpty()) {
      return;
    }
    boolean positive = errors.stream().allMatch(method -> method.byLayer().values().stream().allMatch(error -> !(error <= 0)));
    boolean known = errors.stream().anyMatch(method -> method.byLayer().values().stream().anyMatch(Double::isFinite));
    if (!known) {
      return;
    }
    Axis axis = new Axis("relative error", "");
    GroupedBars bars = new GroupedBars("layer", positive ? axis.logarithmic() : axis, errors.stream().map(Results.LayerErrors::name).toArray(String[]::new));
    for (String name : names) {
      bars.group(name, errors.stream().mapToDouble(method -> method.byLayer().getOrDefault(name, Double.NaN)).toArray());
    }
    page.section("Error by layer")
        .figure("Squared norm of the difference over squared norm of the exact value, layer by layer; point at a bar to see its layer and value.", bars);
  }
}
