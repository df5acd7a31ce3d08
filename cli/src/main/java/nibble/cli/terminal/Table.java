package nibble.cli.terminal;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/** Rows of text in aligned columns. */
public final class Table {
  private final List<String> header;
  private final BitSet right = new BitSet();
  private final List<List<String>> rows = new ArrayList<>();

  /** A table with the given column titles. */
  public Table(String... header) {
    this.header = List.of(header);
  }

  /** Aligns these columns (from 0) to the right, as numbers are. */
  public Table alignRight(int... columns) {
    for (int column : columns) {
      right.set(column);
    }
    return this;
  }

  /**
   * Adds a row.
   *
   * @throws IllegalArgumentException if it has another number of cells than the header
   */
  public Table row(String... cells) {
    if (cells.length != header.size()) {
      throw new IllegalArgumentException(
          "a row needs %d cells, got %d".formatted(header.size(), cells.length));
    }
    rows.add(List.of(cells));
    return this;
  }

  /** Column titles. */
  public List<String> header() {
    return header;
  }

  /** All rows, in order. */
  public List<List<String>> rows() {
    return List.copyOf(rows);
  }

  /** Whether a column (from 0) is aligned to the right. */
  public boolean isRight(int column) {
    return right.get(column);
  }

  /** Prints with two spaces between columns and a line below the titles. */
  public void print(PrintWriter out) {
    int[] width = widths();
    out.println(line(header, width));
    out.println("-".repeat(IntStream.of(width).sum() + 2 * (width.length - 1)));
    rows.forEach(row -> out.println(line(row, width)));
  }

  /** Prints as a Markdown table; a bar in a cell is escaped. */
  public void printMarkdown(PrintWriter out) {
    out.println(markdownRow(header));
    StringBuilder rule = new StringBuilder("|");
    for (int i = 0; i < header.size(); i++) {
      rule.append(right.get(i) ? "---:|" : "---|");
    }
    out.println(rule);
    rows.forEach(row -> out.println(markdownRow(row)));
  }

  private int[] widths() {
    int[] width = new int[header.size()];
    for (int i = 0; i < width.length; i++) {
      width[i] = length(header.get(i));
      for (List<String> row : rows) {
        width[i] = Math.max(width[i], length(row.get(i)));
      }
    }
    return width;
  }

  private String line(List<String> cells, int[] width) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < cells.size(); i++) {
      String padding = " ".repeat(width[i] - length(cells.get(i)));
      line.append(right.get(i) ? padding + cells.get(i) : cells.get(i) + padding).append("  ");
    }
    return line.toString().stripTrailing();
  }

  private static String markdownRow(List<String> cells) {
    return "| "
        + String.join(" | ", cells.stream().map(cell -> cell.replace("|", "\\|")).toList())
        + " |";
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }
}
