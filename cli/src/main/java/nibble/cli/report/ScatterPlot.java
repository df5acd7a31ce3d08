package nibble.cli.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Labelled dots, such as quality against size of several quantized models. */
public final class ScatterPlot implements Plot {
  private static final double LABEL_HEIGHT = 16;
  private static final double CHARACTER = 7.9;

  private record Dot(String label, double x, double y, int colour) {}

  /** Space that is taken; {@code anchor} says from which end of it the label is written. */
  private record Box(double left, double top, double right, double bottom, String anchor) {
    double anchorX() {
      return switch (anchor) {
        case "start" -> left;
        case "end" -> right;
        default -> (left + right) / 2;
      };
    }

    boolean overlaps(Box other) {
      return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
    }
  }

  private final Axis horizontal;
  private final Axis vertical;
  private final List<Dot> dots = new ArrayList<>();

  /** A plot without dots yet. */
  public ScatterPlot(Axis horizontal, Axis vertical) {
    this.horizontal = horizontal;
    this.vertical = vertical;
  }

  /**
   * Adds a dot.
   *
   * @param colour number of its colour; dots of one kind share one
   * @throws IllegalArgumentException if a coordinate is not finite
   */
  public ScatterPlot point(String label, double x, double y, int colour) {
    if (!Double.isFinite(x) || !Double.isFinite(y)) {
      throw new IllegalArgumentException(
          "point '%s' is at (%s, %s), which cannot be drawn".formatted(label, x, y));
    }
    dots.add(new Dot(label, x, y, colour));
    return this;
  }

  @Override
  public String toSvg() {
    Frame frame = new Frame(vertical.label() + " against " + horizontal.label(), List.of());
    Axis.Range across =
        Values.range(horizontal, dots.stream().map(dot -> new double[] {dot.x}).toList());
    Axis.Range up = Values.range(vertical, dots.stream().map(dot -> new double[] {dot.y}).toList());
    frame.verticalAxis(vertical, up);
    frame.horizontalAxis(horizontal, across);
    List<Box> taken = new ArrayList<>();
    for (Dot dot : dots) {
      double x = frame.x(across.position(dot.x));
      double y = frame.y(up.position(dot.y));
      taken.add(new Box(x - 7, y - 7, x + 7, y + 7, ""));
      String tooltip =
          "%s: %s %s, %s %s"
              .formatted(
                  dot.label,
                  Axis.number(dot.x),
                  horizontal.unit(),
                  Axis.number(dot.y),
                  vertical.unit());
      frame.dot(dot.colour, x, y, 6, tooltip);
    }
    for (Dot dot : dots.stream().sorted(Comparator.comparingDouble(dot -> -dot.y)).toList()) {
      Box box =
          freePlace(
              frame,
              taken,
              frame.x(across.position(dot.x)),
              frame.y(up.position(dot.y)),
              CHARACTER * dot.label.length());
      taken.add(box);
      frame.text("label", box.anchorX(), box.bottom - 4, box.anchor, dot.label);
    }
    return frame.close();
  }

  /**
   * A box beside the dot that covers no other dot or label: right, left, above, below, then further
   * away.
   */
  private static Box freePlace(Frame frame, List<Box> taken, double x, double y, double width) {
    Box last = at(x + 10, y, width, "start");
    for (int ring = 0; ring < 6; ring++) {
      double away = ring * LABEL_HEIGHT;
      double left = x - 10 - width;
      double above = y - 18 - away;
      double below = y + 18 + away;
      Box[] choices = {
        at(x + 10, y - away, width, "start"), at(left, y - away, width, "end"),
        at(x + 10, y + away, width, "start"), at(left, y + away, width, "end"),
        at(x - width / 2, above, width, "middle"), at(x - width / 2, below, width, "middle")
      };
      for (Box box : choices) {
        boolean inside =
            box.left >= frame.x(0) + 2
                && box.right <= frame.x(1) + 16
                && box.top >= frame.top() - 12
                && box.bottom <= frame.bottom() - 2;
        if (inside && taken.stream().noneMatch(box::overlaps)) {
          return box;
        }
      }
    }
    return last;
  }

  private static Box at(double left, double middle, double width, String anchor) {
    return new Box(
        left, middle - LABEL_HEIGHT / 2, left + width, middle + LABEL_HEIGHT / 2, anchor);
  }
}
