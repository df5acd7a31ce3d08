package nibble.cli.report;

/**
 * A picture that draws itself as one SVG element. Colours come from the style sheet of {@link
 * HtmlReport}.
 */
public interface Plot {
  /** The whole {@code <svg>} element; all text in it is escaped. */
  String toSvg();
}
