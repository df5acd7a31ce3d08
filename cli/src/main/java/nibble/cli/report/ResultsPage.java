package nibble.cli.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import nibble.cli.terminal.Table;

/**
 * {@link Results} as a page: the table, quality against size, errors layer by layer, distributions.
 * Sections without content are left out.
 */
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
      page.section("Distributions")
          .paragraph(
              "A flat distribution loses little when it is rounded to few codes; a narrow one with"
                  + " rare large values loses much.");
      results
          .distributions()
          .forEach(
              distribution ->
                  page.figure(distribution.caption(), new Histogram(distribution, true)));
    }
    return page;
  }

  /**
   * Agreement with the first row where it is known: on few images it shows what quantization
   * changes more clearly than top-1 does.
   */
  private static void quality(HtmlReport page, List<Results.Row> rows) {
    boolean compared = rows.stream().skip(1).anyMatch(row -> Double.isFinite(row.agreement()));
    ToDoubleFunction<Results.Row> quality = compared ? Results.Row::agreement : Results.Row::top1;
    List<Results.Row> drawn =
        rows.stream()
            .filter(row -> row.bytes() > 0 && Double.isFinite(quality.applyAsDouble(row)))
            .toList();
    if (drawn.isEmpty()) {
      return;
    }
    List<String> schemes =
        new ArrayList<>(new LinkedHashSet<>(drawn.stream().map(Results.Row::scheme).toList()));
    String measure = compared ? "agreement with " + rows.getFirst().name() : "top-1";
    ScatterPlot plot = new ScatterPlot(new Axis("stored weights", "MB"), new Axis(measure, "%"));
    for (Results.Row row : drawn) {
      String label = row.name().equals(row.scheme()) ? row.name() : row.name() + " " + row.scheme();
      plot.point(
          label,
          row.bytes() * 1e-6,
          100 * quality.applyAsDouble(row),
          schemes.indexOf(row.scheme()));
    }
    String caption =
        compared ? "Share of images with the same first choice as the first row" : "Top-1";
    page.section("Quality against size")
        .figure(caption + ", over the size of the weights; one colour per scheme.", plot);
  }

  private static void layers(HtmlReport page, List<Results.LayerErrors> all) {
    List<Results.LayerErrors> errors = all.stream().filter(ResultsPage::known).toList();
    if (errors.isEmpty()) {
      return;
    }
    Set<String> names = new LinkedHashSet<>();
    errors.forEach(method -> names.addAll(method.byLayer().keySet()));
    boolean positive =
        errors.stream()
            .allMatch(
                method -> method.byLayer().values().stream().allMatch(error -> !(error <= 0)));
    Axis axis = new Axis("relative error", "");
    GroupedBars bars =
        new GroupedBars(
            "layer",
            positive ? axis.logarithmic() : axis,
            errors.stream().map(Results.LayerErrors::name).toArray(String[]::new));
    for (String name : names) {
      bars.group(
          name,
          errors.stream()
              .mapToDouble(method -> method.byLayer().getOrDefault(name, Double.NaN))
              .toArray());
    }
    page.section("Error by layer")
        .figure(
            "Squared norm of the difference over squared norm of the exact value, layer by layer;"
                + " point at a bar to see its layer and value. Methods that change the whole model"
                + " have no such errors.",
            bars);
  }

  private static boolean known(Results.LayerErrors errors) {
    return errors.byLayer().values().stream().anyMatch(Double::isFinite);
  }
}
