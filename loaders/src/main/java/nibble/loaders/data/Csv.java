package nibble.loaders.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import nibble.loaders.BadFileException;

/**
 * Comma-separated values by RFC 4180: a first line with the column names, fields in double quotes
 * may hold commas, line feeds and doubled quotes. Empty lines are passed over; a byte order mark at
 * the beginning is accepted.
 *
 * @param file where it came from
 * @param columns the names in the first line, all different
 * @param rows one list of {@code columns.size()} fields for each further line
 */
public record Csv(Path file, List<String> columns, List<Row> rows) {
  private static final long LONGEST = 256L << 20;

  public Csv {
    columns = List.copyOf(columns);
    rows = List.copyOf(rows);
  }

  /**
   * Fields of one row.
   *
   * @param line number of the line where it begins, from 1
   * @param fields in the order of the columns
   */
  public record Row(int line, List<String> fields) {
    public Row {
      fields = List.copyOf(fields);
    }
  }

  /**
   * Reads {@code file}, UTF-8. Throws {@link BadFileException} with the number of the line if it is
   * broken.
   */
  public static Csv read(Path file) {
    try {
      if (Files.size(file) > LONGEST) {
        throw BadFileException.of(file, "is larger than 256 MB, too large for a list");
      }
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
              .toString();
      return parse(file, text.startsWith("\uFEFF") ? text.substring(1) : text);
    } catch (IOException e) {
      throw BadFileException.reading(file, e);
    }
  }

  private static Csv parse(Path file, String text) {
    List<Row> rows = new CsvParser(file, text).rows();
    if (rows.isEmpty()) {
      throw BadFileException.of(file, "is empty, expected a first line with column names");
    }
    List<String> columns = rows.getFirst().fields();
    Set<String> unique = new HashSet<>(columns);
    if (unique.size() != columns.size()) {
      throw BadFileException.of(file, "line 1: a column name appears twice: " + columns);
    }
    List<Row> data = new ArrayList<>(rows.subList(1, rows.size()));
    for (Row row : data) {
      if (row.fields().size() != columns.size()) {
        throw BadFileException.of(
            file,
            "line %d: has %d fields, expected %d (%s)"
                .formatted(
                    row.line(), row.fields().size(), columns.size(), String.join(",", columns)));
      }
    }
    return new Csv(file, columns, data);
  }

  /** Position of {@code column}. Throws {@link BadFileException} if there is none. */
  public int column(String column) {
    int index = columns.indexOf(column);
    if (index < 0) {
      throw BadFileException.of(
          file, "line 1: has no column '" + column + "', found " + String.join(",", columns));
    }
    return index;
  }
}
