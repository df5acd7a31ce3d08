package nibble.loaders.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import nibble.loaders.BadFileException;

/** Splits text into rows and fields. */
final class CsvParser {
  private static final char END = '\0';

  private final Path file;
  private final String text;
  private int at;
  private int line = 1;

  CsvParser(Path file, String text) {
    this.file = file;
    this.text = text;
    if (text.indexOf(END) >= 0) {
      throw BadFileException.of(file, "holds a zero byte; not a text file");
    }
  }

  List<Csv.Row> rows() {
    List<Csv.Row> rows = new ArrayList<>();
    while (at < text.length()) {
      int start = line;
      List<String> fields = row();
      if (fields.size() > 1 || !fields.getFirst().isEmpty()) {
        rows.add(new Csv.Row(start, fields));
      }
    }
    return rows;
  }

  private List<String> row() {
    List<String> fields = new ArrayList<>();
    while (true) {
      fields.add(peek() == '"' ? quoted() : plain());
      if (peek() != ',') {
        break;
      }
      at++;
    }
    endOfLine();
    return fields;
  }

  private String plain() {
    int start = at;
    while (at < text.length() && peek() != ',' && peek() != '\n' && peek() != '\r') {
      if (peek() == '"') {
        throw error("a quote inside a field that is not quoted");
      }
      at++;
    }
    return text.substring(start, at).strip();
  }

  private String quoted() {
    int start = line;
    StringBuilder field = new StringBuilder();
    for (at++; at < text.length(); at++) {
      char c = text.charAt(at);
      if (c == '"') {
        at++;
        if (peek() != '"') {
          return field.toString();
        }
      } else if (c == '\n') {
        line++;
      }
      field.append(c);
    }
    throw BadFileException.of(file, "line " + start + ": a quoted field does not end");
  }

  private void endOfLine() {
    if (peek() == '\r') {
      at++;
    }
    if (peek() == '\n') {
      at++;
    } else if (at < text.length() && text.charAt(at - 1) != '\r') {
      throw error("text after a quoted field");
    }
    line++;
  }

  private char peek() {
    return at < text.length() ? text.charAt(at) : END;
  }

  private BadFileException error(String problem) {
    return BadFileException.of(file, "line " + line + ": " + problem);
  }
}
