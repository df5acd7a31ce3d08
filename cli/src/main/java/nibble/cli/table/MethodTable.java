package nibble.cli.table;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import nibble.cli.report.Axis;
import nibble.cli.report.GroupedBars;
import nibble.cli.report.HtmlReport;
import nibble.cli.terminal.Table;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonNumber;
import nibble.loaders.json.JsonObject;
import nibble.loaders.json.JsonString;
import nibble.loaders.json.JsonValue;

/**
 * Methods and schemes on one model, cell by cell. Immutable.
 *
 * @param facts what holds for all cells: model, images, seed ...
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

  /** The cell of a method and scheme, if it was measured. */
  public Optional<Cell> find(String method, String scheme) {
    return cells.stream().filter(c -> c.method().equals(method) && c.scheme().equals(scheme)).findFirst();
  }

  /** Keys {@code schema, facts, cells}. */
  public JsonObject toJson() {
    JsonObject known = JsonObject.empty();
    for (Map.Entry<String, String> fact : facts.entrySet()) {
      known = known.with(fact.getKey(), new JsonString(fact.getValue()));
    }
    List<JsonValue> list = cells.stream().<JsonValue>map(Cell::toJson).toList();
    return JsonObject.empty().with("schema", JsonNumber.of(SCHEMA)).with("facts", known).with("cells", JsonArray.of(list));
  }

  /**
   * Reads what {@link #toJson} wrote.
   *
   * @throws nibble.loaders.BadFileException naming the key, if something is missing or of the wrong type
   */
  public static MethodTable fromJson(JsonObject json) {
    Map<String, String> facts = new LinkedHashMap<>();
    JsonObject known = json.object("facts");
    known.keys().forEach(key -> facts.put(key, known.string(key)));
    List<Cell> cells = new ArrayList<>();
    JsonArray list = json.findArray("cells").orElse(JsonArray.ofInts());
    for (int i = 0; i < list.size(); i++) {
      cells.add(Cell.fromJson(list.object(i)));
    }
    return new MethodTable(facts, cells);
  }

  /** One row a cell. */
  public Table table() {
    Table table = new Table("method", "scheme", "top-1", "agreement", "logit MSE", "bytes", "seconds", "peak memory").alignRight(2, 3, 4, 5, 6, 7);
    for (Cell cell : cells) {
      if (cell.isDone()) {
        table.row(
            cell.method(), cell.scheme(), percent(cell.top1()), percent(cell.agreement()), String.format(Locale.ROOT, "%.4f", cell.logitMse()),
            String.format(Locale.ROOT, "%,d", cell.bytes()), Double.isFinite(cell.seconds()) ? String.format(Locale.ROOT, "%.1f", cell.seconds()) : "-",
            cell.peakBytes() == 0 ? "-" : String.format(Locale.ROOT, "%,d MB", cell.peakBytes() / 1_000_000));
      } else {
        table.row(cell.method(), cell.scheme(), "-", "-", "-", "-", "-", cell.error());
      }
    }
    return table;
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  /** A page with the table, and agreement and top-1 as bars: a group for each scheme, a bar for each method. */
  public HtmlReport page() {
    HtmlReport page = new HtmlReport("Methods and schemes on " + facts.getOrDefault("model", "one model"));
    Table known = new Table("what", "value");
    facts.forEach((key, value) -> known.row(key, value));
    page.table(known).section("Results").table(table());
    List<String> methods = distinct(cells.stream().filter(c -> !c.scheme().isEmpty()).map(Cell::method).toList());
    List<String> schemes = distinct(cells.stream().map(Cell::scheme).filter(s -> !s.isEmpty()).toList());
    if (!methods.isEmpty()) {
      page.section("Agreement with the float model").figure("Share of images with the same first choice.", bars("agreement", methods, schemes, true));
      page.section("Top-1").figure("Share of images whose label is the first choice.", bars("top-1", methods, schemes, false));
    }
    return page;
  }

  private GroupedBars bars(String measure, List<String> methods, List<String> schemes, boolean agreement) {
    GroupedBars bars = new GroupedBars("scheme", new Axis(measure, "%"), methods.toArray(String[]::new));
    for (String scheme : schemes) {
      bars.group(scheme, methods.stream().mapToDouble(m -> find(m, scheme).map(c -> 100 * (agreement ? c.agreement() : c.top1())).orElse(Double.NaN)).toArray());
    }
    return bars;
  }

  private static List<String> distinct(List<String> names) {
    return List.copyOf(new LinkedHashSet<>(names));
  }
}
