package nibble.cli.report;

import static nibble.cli.report.Markup.at;
import static nibble.cli.report.Markup.escape;

import java.util.List;

/**
 * The part that all plots share: the SVG element, the axes with marks and titles, the legend.
 * Coordinates are in SVG user units, origin at the top left.
 */
final class Frame {
  static final double WIDTH = 720;
  static final double HEIGHT = 380;
  private static final double LEFT = 74;
  private static final double RIGHT = 20;
  private static final double BOTTOM = 62;
  private static final double LEGEND_ROW = 22;
  private static final double CHARACTER = 7.4; // average width at 13 units
  private static final int COLOURS = 6;

  private final StringBuilder svg = new StringBuilder();
  private final double top;
  private final double bottom = HEIGHT - BOTTOM;

  /** Opens a plot; {@code legend} names the series in order of their colours and may be empty. */
  Frame(String description, List<String> legend) {
    svg.append(
        "<svg viewBox=\"0 0 %s %s\" role=\"img\" aria-label=\"%s\">\n"
            .formatted(at(WIDTH), at(HEIGHT), escape(description)));
    top = 18 + (legend.isEmpty() ? 0 : legend(legend));
  }

  private double legend(List<String> names) {
    double x = LEFT;
    double y = 14;
    for (int i = 0; i < names.size(); i++) {
      double width = 30 + CHARACTER * names.get(i).length();
      if (x > LEFT && x + width > WIDTH - RIGHT) {
        x = LEFT;
        y += LEGEND_ROW;
      }
      svg.append(
          "<rect class=\"fill%d\" x=\"%s\" y=\"%s\" width=\"13\" height=\"13\" rx=\"2\"/>"
              .formatted(colour(i), at(x), at(y - 11)));
      text("legend", x + 19, y, "start", names.get(i));
      x += width + 8;
    }
    return y + 4;
  }

  /** Number of a series' colour in the style sheet. */
  static int colour(int series) {
    return series % COLOURS;
  }

  double x(double position) {
    return LEFT + position * (WIDTH - LEFT - RIGHT);
  }

  double y(double position) {
    return bottom - position * (bottom - top);
  }

  double bottom() {
    return bottom;
  }

  double top() {
    return top;
  }

  /** Horizontal grid lines with their numbers, and the title along the left side. */
  void verticalAxis(Axis axis, Axis.Range range) {
    for (double tick : range.ticks()) {
      double y = y(range.position(tick));
      line("grid", x(0), y, x(1), y);
      text("tick", LEFT - 8, y + 4, "end", Axis.number(tick));
    }
    double middle = (top + bottom) / 2;
    svg.append(
        "<text class=\"axis\" text-anchor=\"middle\" transform=\"translate(16 %s) rotate(-90)\">%s</text>\n"
            .formatted(at(middle), escape(axis.title())));
  }

  /** Marks with their numbers below the plot, and the title. */
  void horizontalAxis(Axis axis, Axis.Range range) {
    for (double tick : range.ticks()) {
      double x = x(range.position(tick));
      line("grid", x, top, x, bottom);
      text("tick", x, bottom + 18, "middle", Axis.number(tick));
    }
    baseline();
    horizontalTitle(axis.title());
  }

  void baseline() {
    line("base", x(0), bottom, x(1), bottom);
  }

  void horizontalTitle(String title) {
    text("axis", x(0.5), HEIGHT - 10, "middle", title);
  }

  void line(String style, double x1, double y1, double x2, double y2) {
    svg.append(
        "<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>\n"
            .formatted(style, at(x1), at(y1), at(x2), at(y2)));
  }

  void text(String style, double x, double y, String anchor, String content) {
    svg.append(
        "<text class=\"%s\" x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>\n"
            .formatted(style, at(x), at(y), anchor, escape(content)));
  }

  /** A rectangle with a tooltip. */
  void bar(int series, double x, double y, double width, double height, String tooltip) {
    svg.append(
        "<rect class=\"fill%d\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"><title>%s</title></rect>\n"
            .formatted(colour(series), at(x), at(y), at(width), at(height), escape(tooltip)));
  }

  /** A dot with a tooltip. */
  void dot(int series, double x, double y, double radius, String tooltip) {
    svg.append(
        "<circle class=\"fill%d\" cx=\"%s\" cy=\"%s\" r=\"%s\"><title>%s</title></circle>\n"
            .formatted(colour(series), at(x), at(y), at(radius), escape(tooltip)));
  }

  /** An open line, or a closed area when {@code filled}, through points x0, y0, x1, y1, ... */
  void path(int series, List<Double> points, boolean filled) {
    StringBuilder d = new StringBuilder();
    for (int i = 0; i < points.size(); i += 2) {
      d.append(i == 0 ? "M" : "L")
          .append(at(points.get(i)))
          .append(' ')
          .append(at(points.get(i + 1)));
    }
    svg.append(
        "<path class=\"%s%d\" d=\"%s\"/>\n".formatted(filled ? "area" : "line", colour(series), d));
  }

  String close() {
    return svg.append("</svg>").toString();
  }
}
