package nibble.cli.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import nibble.cli.terminal.Progress;
import nibble.cli.terminal.Table;

/**
 * Rows of {@link Results} as a table for people; a column of which nothing is known is left out, an
 * unknown cell is a dash.
 */
public final class ResultsTable {
  private static final String UNKNOWN = "-";

  private record Column(
      String title, Predicate<Results.Row> known, Function<Results.Row, String> text) {}

  private static final List<Column> LABELLED =
      List.of(
          number("top-1", "%.2f %%", row -> 100 * row.top1()),
          number("top-5", "%.2f %%", row -> 100 * row.top5()));

  private static final List<Column> COMPARED =
      List.of(
          number("agreement", "%.2f %%", row -> 100 * row.agreement()),
          number("logit MSE", "%.3g", Results.Row::logitMse),
          number("KL (nats)", "%.3g", Results.Row::kl),
          bytes("size (MB)", "%.2f", Results.Row::bytes),
          number("images/s", "%.1f", Results.Row::imagesPerSecond),
          new Column(
              "made in",
              row -> row.seconds() > 0,
              row -> Progress.duration((long) (row.seconds() * 1e9))),
          bytes("peak memory (MB)", "%.0f", Results.Row::peakBytes));

  private ResultsTable() {}

  private static Column number(String title, String format, Function<Results.Row, Double> value) {
    return new Column(
        title,
        row -> !value.apply(row).isNaN(),
        row -> String.format(Locale.ROOT, format, value.apply(row)));
  }

  private static Column bytes(String title, String format, Function<Results.Row, Long> value) {
    return new Column(
        title,
        row -> value.apply(row) > 0,
        row -> String.format(Locale.ROOT, format, value.apply(row) * 1e-6));
  }

  /** The table; one line per row. A megabyte is 10^6 bytes. */
  public static Table of(Results results) {
    Stream<Column> measures =
        results.rows().stream()
            .flatMap(row -> row.measures().keySet().stream())
            .distinct()
            .map(
                name -> number(name, "%.5g", row -> row.measures().getOrDefault(name, Double.NaN)));
    List<Column> columns =
        Stream.of(LABELLED.stream(), measures, COMPARED.stream())
            .flatMap(Function.identity())
            .toList();
    List<Column> shown =
        columns.stream()
            .filter(column -> results.rows().stream().anyMatch(column.known()))
            .toList();
    List<String> header = new ArrayList<>(List.of("method", "scheme"));
    shown.forEach(column -> header.add(column.title()));
    Table table = new Table(header.toArray(String[]::new));
    for (int i = 2; i < header.size(); i++) {
      table.alignRight(i);
    }
    for (Results.Row row : results.rows()) {
      List<String> cells = new ArrayList<>(List.of(row.name(), row.scheme()));
      shown.forEach(
          column -> cells.add(column.known().test(row) ? column.text().apply(row) : UNKNOWN));
      table.row(cells.toArray(String[]::new));
    }
    return table;
  }
}
