package nibble.cli.report;

import java.util.ArrayList;
import java.util.List;

/** Curves over a common horizontal axis, such as the loss over training steps. */
public final class LineChart implements Plot {
  private record Series(String name, double[] x, double[] y) {}

  private final Axis horizontal;
  private final Axis vertical;
  private final List<Series> curves = new ArrayList<>();

  /** A chart without curves yet. */
  public LineChart(Axis horizontal, Axis vertical) {
    this.horizontal = horizontal;
    this.vertical = vertical;
  }

  /**
   * Adds a curve.
   *
   * @throws IllegalArgumentException if x and y differ in length or are empty
   */
  public LineChart curve(String name, double[] x, double[] y) {
    if (x.length != y.length || x.length == 0) {
      throw new IllegalArgumentException(
          "curve '%s' has %d x and %d y values".formatted(name, x.length, y.length));
    }
    curves.add(new Series(name, x.clone(), y.clone()));
    return this;
  }

  @Override
  public String toSvg() {
    Frame frame =
        new Frame(
            vertical.label() + " over " + horizontal.label(),
            curves.size() > 1 ? curves.stream().map(Series::name).toList() : List.of());
    Axis.Range across = Values.range(horizontal, curves.stream().map(Series::x).toList());
    Axis.Range up = Values.range(vertical, curves.stream().map(Series::y).toList());
    frame.verticalAxis(vertical, up);
    frame.horizontalAxis(horizontal, across);
    for (int i = 0; i < curves.size(); i++) {
      Series curve = curves.get(i);
      List<Double> points = new ArrayList<>();
      for (int k = 0; k < curve.x.length; k++) {
        if (Double.isFinite(curve.y[k])) {
          points.add(frame.x(across.position(curve.x[k])));
          points.add(frame.y(up.position(curve.y[k])));
        }
      }
      frame.path(i, points, false);
    }
    return frame.close();
  }
}
