package nibble.cli.report;

import java.util.Locale;

/** Small helpers for writing HTML and SVG text. */
final class Markup {
  private Markup() {}

  /**
   * Text that is safe between tags and inside quoted attributes; characters that no XML document
   * may hold become U+FFFD.
   */
  static String escape(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default ->
                    out.appendCodePoint(
                        c < 0x20 && c != '\n' && c != '\t' || c >= 0xD800 && c <= 0xDFFF
                            ? 0xFFFD
                            : c);
              }
            });
    return out.toString();
  }

  /** A coordinate with one digit after the point. */
  static String at(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
