package nibble.cli.report;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** How values are distributed: the share of values in each bin, drawn as outlined areas so that two distributions can be compared. */
public final class Histogram implements Plot {
  private record Series(String name, float[] values) {}

  private final Axis horizontal;
  private final int bins;
  private final boolean logarithmicShare;
  private final List<Series> all = new ArrayList<>();

  /**
   * A histogram without values yet.
   *
   * @param bins number of bins over the common range of all series
   * @param logarithmicShare whether shares are drawn on a logarithmic axis, which shows rare outliers
   */
  public Histogram(Axis horizontal, int bins, boolean logarithmicShare) {
    if (bins < 2) {
      throw new IllegalArgumentException("a histogram needs at least 2 bins, got " + bins);
    }
    this.horizontal = horizontal;
    this.bins = bins;
    this.logarithmicShare = logarithmicShare;
  }

  /**
   * Adds a distribution; values that are not finite are left out.
   *
   * @throws IllegalArgumentException if there are no values
   */
  public Histogram values(String name, float[] values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("histogram series '" + name + "' is empty");
    }
    all.add(new Series(name, values.clone()));
    return this;
  }

  @Override
  public String toSvg() {
    Frame frame = new Frame("distribution of " + horizontal.label(), all.size() > 1 ? all.stream().map(Series::name).toList() : List.of());
    Axis.Range across = Values.range(horizontal, all.stream().map(series -> doubles(series.values).toArray()).toList());
    List<double[]> shares = all.stream().map(series -> shares(series.values, across)).toList();
    Axis vertical = new Axis("share of values", "%", logarithmicShare ? Axis.Scale.LOGARITHMIC : Axis.Scale.LINEAR);
    double most = shares.stream().flatMapToDouble(DoubleStream::of).max().orElse(1);
    double least = shares.stream().flatMapToDouble(DoubleStream::of).filter(share -> share > 0).min().orElse(1);
    Axis.Range up = vertical.around(logarithmicShare ? least / 2 : 0, most);
    frame.verticalAxis(vertical, up);
    frame.horizontalAxis(horizontal, across);
    for (int i = 0; i < all.size(); i++) {
      List<Double> outline = outline(frame, shares.get(i), up);
      frame.path(i, outline, true);
      frame.path(i, outline, false);
    }
    return frame.close();
  }

  private double[] shares(float[] values, Axis.Range across) {
    double[] share = new double[bins];
    long finite = doubles(values).filter(Double::isFinite).count();
    for (float value : values) {
      if (Float.isFinite(value)) {
        share[Math.min(bins - 1, (int) (across.position(value) * bins))] += 100.0 / finite;
      }
    }
    return share;
  }

  private List<Double> outline(Frame frame, double[] share, Axis.Range up) {
    List<Double> points = new ArrayList<>(List.of(frame.x(0), frame.bottom()));
    for (int bin = 0; bin < bins; bin++) {
      double y = share[bin] == 0 ? frame.bottom() : frame.y(up.position(share[bin]));
      points.addAll(List.of(frame.x((double) bin / bins), y, frame.x((bin + 1.0) / bins), y));
    }
    points.addAll(List.of(frame.x(1), frame.bottom()));
    return points;
  }

  private static DoubleStream doubles(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]);
  }
}
