package nibble.cli.report;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Bars side by side: one group per item, one bar per series, such as the error of each layer under
 * each method.
 */
public final class GroupedBars implements Plot {
  private record Group(String name, double[] values) {}

  private final String itemTitle;
  private final Axis vertical;
  private final List<String> series;
  private final List<Group> groups = new ArrayList<>();

  /** Bars without groups yet; {@code itemTitle} stands below the groups. */
  public GroupedBars(String itemTitle, Axis vertical, String... series) {
    this.itemTitle = itemTitle;
    this.vertical = vertical;
    this.series = List.of(series);
  }

  /**
   * Adds a group with one value per series.
   *
   * @throws IllegalArgumentException if the number of values differs from the number of series
   */
  public GroupedBars group(String name, double... values) {
    if (values.length != series.size()) {
      throw new IllegalArgumentException(
          "group '%s' needs %d values, got %d".formatted(name, series.size(), values.length));
    }
    groups.add(new Group(name, values.clone()));
    return this;
  }

  @Override
  public String toSvg() {
    Frame frame =
        new Frame(vertical.label() + " by " + itemTitle, series.size() > 1 ? series : List.of());
    double[] all =
        groups.stream()
            .flatMapToDouble(group -> DoubleStream.of(group.values))
            .filter(Double::isFinite)
            .toArray();
    double most = DoubleStream.of(all).max().orElse(Double.NaN);
    double least = DoubleStream.of(all).min().orElse(Double.NaN);
    Axis.Range up =
        vertical.around(
            vertical.scale() == Axis.Scale.LOGARITHMIC ? least / 2 : Math.min(0, least),
            vertical.scale() == Axis.Scale.LOGARITHMIC ? most : Math.max(0, most));
    frame.verticalAxis(vertical, up);
    double zero = frame.y(vertical.scale() == Axis.Scale.LOGARITHMIC ? 0 : up.position(0));
    int every = Math.ceilDiv(groups.size() * 9 * longestName(), 640);
    for (int g = 0; g < groups.size(); g++) {
      bars(frame, up, zero, g);
      if (g % Math.max(1, every) == 0) {
        frame.text(
            "tick",
            frame.x((g + 0.5) / groups.size()),
            frame.bottom() + 18,
            "middle",
            groups.get(g).name);
      }
    }
    frame.line("base", frame.x(0), zero, frame.x(1), zero);
    frame.horizontalTitle(itemTitle);
    return frame.close();
  }

  private void bars(Frame frame, Axis.Range up, double zero, int g) {
    double groupWidth = (frame.x(1) - frame.x(0)) / groups.size();
    double barWidth = 0.8 * groupWidth / series.size();
    for (int s = 0; s < series.size(); s++) {
      double value = groups.get(g).values[s];
      if (Double.isFinite(value)) {
        double y = frame.y(up.position(value));
        String tooltip =
            "%s, %s: %s %s"
                .formatted(groups.get(g).name, series.get(s), Axis.number(value), vertical.unit());
        double gap = Math.min(1, barWidth / 6);
        frame.bar(
            s,
            frame.x(0) + groupWidth * (g + 0.1) + barWidth * s + gap / 2,
            Math.min(y, zero),
            barWidth - gap,
            Math.abs(zero - y),
            tooltip.strip());
      }
    }
  }

  private int longestName() {
    return groups.stream().mapToInt(group -> group.name.length()).max().orElse(1);
  }
}
