package nibble.cli.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What an axis shows and how values lie on it.
 *
 * @param label what is measured
 * @param unit unit, empty for a plain number
 * @param scale how values are spread
 */
public record Axis(String label, String unit, Scale scale) {
  /** How values are spread along an axis. */
  public enum Scale {
    /** Equal differences, equal distances. */
    LINEAR,
    /** Equal ratios, equal distances; values must be positive. */
    LOGARITHMIC
  }

  /** A linear axis. */
  public Axis(String label, String unit) {
    this(label, unit, Scale.LINEAR);
  }

  /** The same axis with a logarithmic scale. */
  public Axis logarithmic() {
    return new Axis(label, unit, Scale.LOGARITHMIC);
  }

  String title() {
    return unit.isEmpty() ? label : label + " (" + unit + ")";
  }

  /** An axis with its limits and the marks between them. */
  record Range(double low, double high, List<Double> ticks, Scale scale) {
    /** Position of a value between the limits, 0 to 1. */
    double position(double value) {
      if (scale == Scale.LOGARITHMIC) {
        return Math.log(Math.max(value, low) / low) / Math.log(high / low);
      }
      return (value - low) / (high - low);
    }
  }

  /** Limits at round numbers around the values, with 4 to 8 marks. */
  Range around(double least, double most) {
    if (!Double.isFinite(least) || !Double.isFinite(most) || least > most) {
      throw new IllegalArgumentException(
          "no finite values to plot for axis '%s': %s to %s".formatted(label, least, most));
    }
    return scale == Scale.LOGARITHMIC ? logarithmicRange(least, most) : linearRange(least, most);
  }

  private static Range linearRange(double least, double most) {
    double low = least;
    double high = most;
    if (high - low < 1e-12 * Math.max(Math.abs(low), Math.abs(high)) || high == low) {
      double room = low == 0 ? 1 : Math.abs(low) / 10;
      low -= room;
      high += room;
    }
    double step = niceStep((high - low) / 5);
    long first = (long) Math.floor(low / step + 1e-9);
    long last = (long) Math.ceil(high / step - 1e-9);
    List<Double> ticks = new ArrayList<>();
    for (long i = first; i <= last; i++) {
      ticks.add(i * step);
    }
    return new Range(first * step, last * step, ticks, Scale.LINEAR);
  }

  private Range logarithmicRange(double least, double most) {
    if (least <= 0) {
      throw new IllegalArgumentException(
          "the logarithmic axis '%s' needs positive values, got %s".formatted(label, least));
    }
    int first = (int) Math.floor(Math.log10(least) + 1e-9);
    int last = Math.max(first + 1, (int) Math.ceil(Math.log10(most) - 1e-9));
    double[] steps = last - first <= 2 ? new double[] {1, 2, 5} : new double[] {1};
    List<Double> all = new ArrayList<>();
    for (int decade = first; decade <= last; decade++) {
      for (double step : steps) {
        all.add(step * Math.pow(10, decade));
      }
    }
    double low =
        all.stream()
            .filter(t -> t <= least * 1.0001)
            .mapToDouble(t -> t)
            .max()
            .orElse(all.getFirst());
    double high =
        all.stream()
            .filter(t -> t >= most * 0.9999 && t > low)
            .mapToDouble(t -> t)
            .min()
            .orElse(all.getLast());
    List<Double> ticks = all.stream().filter(t -> t >= low * 0.9999 && t <= high * 1.0001).toList();
    int keep = Math.ceilDiv(ticks.size(), 8);
    List<Double> shown = new ArrayList<>();
    for (int i = 0; i < ticks.size(); i += keep) {
      shown.add(ticks.get(i));
    }
    return new Range(low, high, shown, Scale.LOGARITHMIC);
  }

  /** 1, 2, 2.5 or 5 times a power of ten, at least {@code rough}. */
  private static double niceStep(double rough) {
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    for (double factor : new double[] {1, 2, 2.5, 5}) {
      if (factor * power >= rough * 0.9999) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  /** A number as short as it can be told apart from its neighbours. */
  static String number(double value) {
    double size = Math.abs(value);
    if (size < 1e-12) {
      return "0";
    }
    if (size >= 1e7 || size < 1e-3) {
      int exponent = (int) Math.floor(Math.log10(size) + 1e-9);
      double digits = value / Math.pow(10, exponent);
      return trimmed(String.format(Locale.ROOT, "%.2f", digits)) + "e" + exponent;
    }
    if (size >= 10_000) {
      return String.format(Locale.ROOT, "%,.0f", value);
    }
    return trimmed(
        String.format(Locale.ROOT, size >= 100 ? "%.1f" : size >= 1 ? "%.2f" : "%.4f", value));
  }

  private static String trimmed(String number) {
    return number.contains(".") ? number.replaceAll("0+$", "").replaceAll("\\.$", "") : number;
  }
}
