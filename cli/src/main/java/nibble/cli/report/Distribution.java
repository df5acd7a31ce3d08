package nibble.cli.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * How often values of several kinds occur, counted in the same bins, so that they can be compared:
 * weights before and after a rotation, for example.
 *
 * @param caption what is shown
 * @param axis what the values are
 * @param low lower end of the first bin
 * @param high upper end of the last bin, above {@code low}
 * @param series one per kind, at least one, all with the same number of bins
 */
public record Distribution(
    String caption, String axis, double low, double high, List<Series> series) {
  private static final int BINS = 96;

  /** Checks that the series fit together. */
  public Distribution {
    series = List.copyOf(series);
    if (!(low < high) || Double.isInfinite(low) || Double.isInfinite(high)) {
      throw new IllegalArgumentException(
          "distribution '%s' needs finite ends in order, got %s and %s"
              .formatted(caption, low, high));
    }
    if (series.isEmpty() || series.getFirst().counts().size() < 2) {
      throw new IllegalArgumentException(
          "distribution '" + caption + "' needs at least one series of at least two bins");
    }
    for (Series one : series) {
      if (one.counts().size() != series.getFirst().counts().size()) {
        throw new IllegalArgumentException(
            "distribution '%s': series differ in their number of bins".formatted(caption));
      }
    }
  }

  /**
   * One kind of values.
   *
   * @param name what they are
   * @param maxToRms largest magnitude over root mean square, of finite values: 1 for a flat tensor,
   *     large with outliers
   * @param counts number of values in each bin
   */
  public record Series(String name, double maxToRms, List<Long> counts) {
    /** Copies the list. */
    public Series {
      counts = List.copyOf(counts);
    }

    /** Number of values. */
    public long total() {
      return counts.stream().mapToLong(count -> count).sum();
    }
  }

  /**
   * Counts values in bins over their common range, symmetric around zero. Values that are not
   * finite are left out.
   *
   * @param values name of each kind to its values, in order of a {@code LinkedHashMap}; read, not
   *     kept
   * @throws IllegalArgumentException if a kind has no finite value
   */
  public static Distribution of(String caption, String axis, Map<String, float[]> values) {
    double most = 0;
    for (float[] kind : values.values()) {
      most = Math.max(most, largest(kind));
    }
    double end = most == 0 ? 1 : most;
    Map<String, Series> series = new LinkedHashMap<>();
    values.forEach((name, kind) -> series.put(name, count(name, kind, end)));
    return new Distribution(caption, axis, -end, end, new ArrayList<>(series.values()));
  }

  private static double largest(float[] values) {
    double most = 0;
    for (float value : values) {
      if (Float.isFinite(value)) {
        most = Math.max(most, Math.abs(value));
      }
    }
    return most;
  }

  private static Series count(String name, float[] values, double end) {
    long[] counts = new long[BINS];
    double squares = 0;
    long finite = 0;
    for (float value : values) {
      if (Float.isFinite(value)) {
        counts[Math.min(BINS - 1, (int) ((value + end) / (2 * end) * BINS))]++;
        squares += (double) value * value;
        finite++;
      }
    }
    if (finite == 0) {
      throw new IllegalArgumentException("series '" + name + "' has no finite value");
    }
    double rms = Math.sqrt(squares / finite);
    return new Series(
        name, rms == 0 ? 1 : largest(values) / rms, LongStream.of(counts).boxed().toList());
  }
}
