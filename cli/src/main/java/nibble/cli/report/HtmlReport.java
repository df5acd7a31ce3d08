package nibble.cli.report;

import static nibble.cli.report.Markup.escape;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import nibble.cli.terminal.Table;
import nibble.loaders.AtomicFile;

/** Builds one HTML page from top to bottom. All text given is escaped. */
public final class HtmlReport {
  private final String title;
  private final StringBuilder body = new StringBuilder();

  /** A page with a title. */
  public HtmlReport(String title) {
    this.title = title;
  }

  /** Begins a section. */
  public HtmlReport section(String heading) {
    body.append("<h2>").append(escape(heading)).append("</h2>\n");
    return this;
  }

  /** Adds a paragraph. */
  public HtmlReport paragraph(String text) {
    body.append("<p>").append(escape(text)).append("</p>\n");
    return this;
  }

  /** Adds a command or file content, in fixed-width letters. */
  public HtmlReport code(String text) {
    body.append("<pre>").append(escape(text)).append("</pre>\n");
    return this;
  }

  /** Adds a table; columns aligned to the right there are so here. */
  public HtmlReport table(Table table) {
    body.append("<div class=\"wide\"><table>\n<thead>");
    row("th", table, table.header());
    body.append("</thead>\n<tbody>\n");
    table.rows().forEach(cells -> row("td", table, cells));
    body.append("</tbody></table></div>\n");
    return this;
  }

  /** Adds a plot with a caption below. */
  public HtmlReport figure(String caption, Plot plot) {
    body.append("<figure>\n")
        .append(plot.toSvg())
        .append("\n<figcaption>")
        .append(escape(caption))
        .append("</figcaption></figure>\n");
    return this;
  }

  /** The whole page. */
  public String toHtml() {
    return """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>%1$s</title>
    <style>
    %2$s</style>
    </head>
    <body>
    <h1>%1$s</h1>
    %3$s</body>
    </html>
    """
        .formatted(escape(title), StyleSheet.TEXT, body);
  }

  /**
   * Writes the page in one step: a reader sees the old file or the new one.
   *
   * @throws nibble.loaders.WriteFailedException if the file cannot be written
   */
  public void write(Path file) {
    AtomicFile.write(file, toHtml().getBytes(StandardCharsets.UTF_8));
  }

  private void row(String tag, Table table, List<String> cells) {
    body.append("<tr>");
    for (int i = 0; i < cells.size(); i++) {
      body.append(
          table.isRight(i)
              ? "<%s class=\"number\">%s</%s>".formatted(tag, escape(cells.get(i)), tag)
              : "<%s>%s</%s>".formatted(tag, escape(cells.get(i)), tag));
    }
    body.append("</tr>\n");
  }
}
