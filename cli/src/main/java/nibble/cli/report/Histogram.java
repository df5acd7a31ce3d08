package nibble.cli.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * Draws a {@link Distribution}: the share of values in each bin as outlined areas, one colour per
 * series, with the ratio of largest to root mean square value in the legend.
 */
public final class Histogram implements Plot {
  private final Distribution distribution;
  private final boolean logarithmicShare;

  /**
   * A histogram.
   *
   * @param logarithmicShare whether shares are drawn on a logarithmic axis, which shows rare
   *     outliers
   */
  public Histogram(Distribution distribution, boolean logarithmicShare) {
    this.distribution = distribution;
    this.logarithmicShare = logarithmicShare;
  }

  @Override
  public String toSvg() {
    Axis horizontal = new Axis(distribution.axis(), "");
    Frame frame =
        new Frame(
            "distribution of " + distribution.axis(),
            distribution.series().stream().map(Histogram::legend).toList());
    Axis.Range across = horizontal.around(distribution.low(), distribution.high());
    List<double[]> shares = distribution.series().stream().map(Histogram::shares).toList();
    Axis vertical =
        new Axis(
            "share of values", "%", logarithmicShare ? Axis.Scale.LOGARITHMIC : Axis.Scale.LINEAR);
    double most = shares.stream().flatMapToDouble(DoubleStream::of).max().orElse(1);
    double least =
        shares.stream()
            .flatMapToDouble(DoubleStream::of)
            .filter(share -> share > 0)
            .min()
            .orElse(1);
    Axis.Range up = vertical.around(logarithmicShare ? least / 2 : 0, most);
    frame.verticalAxis(vertical, up);
    frame.horizontalAxis(horizontal, across);
    for (int i = 0; i < shares.size(); i++) {
      List<Double> outline = outline(frame, shares.get(i), across, up);
      frame.path(i, outline, true);
      frame.path(i, outline, false);
    }
    return frame.close();
  }

  private static String legend(Distribution.Series series) {
    return String.format(Locale.ROOT, "%s (max / RMS = %.1f)", series.name(), series.maxToRms());
  }

  private static double[] shares(Distribution.Series series) {
    double percent = 100.0 / Math.max(1, series.total());
    return series.counts().stream().mapToDouble(count -> count * percent).toArray();
  }

  private List<Double> outline(Frame frame, double[] share, Axis.Range across, Axis.Range up) {
    double width = (distribution.high() - distribution.low()) / share.length;
    List<Double> points = new ArrayList<>();
    for (int bin = 0; bin < share.length; bin++) {
      double left = frame.x(across.position(distribution.low() + bin * width));
      double right = frame.x(across.position(distribution.low() + (bin + 1) * width));
      double y = share[bin] == 0 ? frame.bottom() : frame.y(up.position(share[bin]));
      points.addAll(
          bin == 0 ? List.of(left, frame.bottom(), left, y, right, y) : List.of(left, y, right, y));
    }
    points.addAll(List.of(frame.x(across.position(distribution.high())), frame.bottom()));
    return points;
  }
}
