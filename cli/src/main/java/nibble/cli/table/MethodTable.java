package nibble.cli.table;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import nibble.cli.report.Axis;
import nibble.cli.report.GroupedBars;
import nibble.cli.report.HtmlReport;
import nibble.cli.terminal.Table;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonValue;

/**
 * Methods and schemes on one model, cell by cell. Immutable.
 *
 * @param facts what holds for all cells: model, images or text, seed ...
 * @param cells in the order in which they were measured, the float model first
 */
public record MethodTable(Map<String, String> facts, List<Cell> cells) {
  private static final int SCHEMA = 1;

  public MethodTable {
    facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    cells = List.copyOf(cells);
  }

  /** This table and one cell more. */
  public MethodTable with(Cell cell) {
    List<Cell> more = new ArrayList<>(cells);
    more.add(cell);
    return new MethodTable(facts, more);
  }

  /** The cell of a method with these options and a scheme, if it was measured. */
  public Optional<Cell> find(String method, String scheme, Map<String, String> options) {
    return cells.stream()
        .filter(
            cell ->
                cell.method().equals(method)
                    && cell.scheme().equals(scheme)
                    && cell.options().equals(options))
        .findFirst();
  }

  /** Keys {@code schema, facts, cells}. */
  public JsonObject toJson() {
    List<JsonValue> list = cells.stream().<JsonValue>map(Cell::toJson).toList();
    return JsonObject.empty()
        .with("schema", JsonNumber.of(SCHEMA))
        .with("facts", TextMap.toJson(facts))
        .with("cells", JsonArray.of(list));
  }

  /**
   * Reads what {@link #toJson} wrote.
   *
   * @throws nibble.loaders.BadFileException naming the key, if something is missing or of the wrong
   *     type
   */
  public static MethodTable fromJson(JsonObject json) {
    List<Cell> cells = new ArrayList<>();
    JsonArray list = json.findArray("cells").orElse(JsonArray.ofInts());
    for (int i = 0; i < list.size(); i++) {
      cells.add(Cell.fromJson(list.object(i)));
    }
    return new MethodTable(TextMap.fromJson(json.object("facts")), cells);
  }

  /** One row a cell. */
  public Table table() {
    List<String> columns =
        cells.stream()
            .flatMap(cell -> cell.quality().stream())
            .findFirst()
            .map(Quality::columns)
            .orElse(List.of());
    List<String> header = new ArrayList<>(List.of("method", "scheme"));
    header.addAll(columns);
    header.addAll(List.of("bytes", "seconds", "peak memory"));
    Table table =
        new Table(header.toArray(String[]::new))
            .alignRight(IntStream.range(2, header.size()).toArray());
    for (Cell cell : cells) {
      List<String> row = new ArrayList<>(List.of(cell.label(), cell.scheme()));
      row.addAll(
          cell.quality().map(Quality::texts).orElse(Collections.nCopies(columns.size(), "-")));
      if (cell.isDone()) {
        row.add(String.format(Locale.ROOT, "%,d", cell.bytes()));
        row.add(
            Double.isFinite(cell.seconds())
                ? String.format(Locale.ROOT, "%.1f", cell.seconds())
                : "-");
        row.add(
            cell.peakBytes() == 0
                ? "-"
                : String.format(Locale.ROOT, "%,d MB", cell.peakBytes() / 1_000_000));
      } else {
        row.addAll(List.of("-", "-", cell.error()));
      }
      table.row(row.toArray(String[]::new));
    }
    return table;
  }

  /**
   * A page with the table, and what was measured as bars: a group for each scheme, a bar for each
   * method.
   */
  public HtmlReport page() {
    HtmlReport page =
        new HtmlReport("Methods and schemes on " + facts.getOrDefault("model", "one model"));
    Table known = new Table("what", "value");
    facts.forEach((key, value) -> known.row(key, value));
    page.table(known).section("Results").table(table());
    List<String> methods =
        distinct(cells.stream().filter(c -> !c.scheme().isEmpty()).map(Cell::label).toList());
    List<String> schemes =
        distinct(cells.stream().map(Cell::scheme).filter(s -> !s.isEmpty()).toList());
    List<Quality.Measure> measures =
        cells.stream()
            .filter(c -> !c.scheme().isEmpty())
            .flatMap(c -> c.quality().stream())
            .findFirst()
            .map(Quality::measures)
            .orElse(List.of());
    for (int i = 0; i < measures.size(); i++) {
      page.section(measures.get(i).name())
          .figure("A group for each scheme.", bars(measures.get(i), i, methods, schemes));
    }
    return page;
  }

  private GroupedBars bars(
      Quality.Measure measure, int index, List<String> methods, List<String> schemes) {
    GroupedBars bars =
        new GroupedBars(
            "scheme", new Axis(measure.name(), measure.unit()), methods.toArray(String[]::new));
    for (String scheme : schemes) {
      bars.group(
          scheme,
          methods.stream()
              .mapToDouble(
                  m ->
                      cells.stream()
                          .filter(c -> c.label().equals(m) && c.scheme().equals(scheme))
                          .findFirst()
                          .flatMap(Cell::quality)
                          .map(q -> q.measures().get(index).value())
                          .orElse(Double.NaN))
              .toArray());
    }
    return bars;
  }

  private static List<String> distinct(List<String> names) {
    return List.copyOf(new LinkedHashSet<>(names));
  }
}
