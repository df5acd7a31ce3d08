package nibble.cli.report;

import java.util.Arrays;
import java.util.List;

/** Limits of several series together. */
final class Values {
  private Values() {}

  static Axis.Range range(Axis axis, List<double[]> series) {
    double[] finite =
        series.stream().flatMapToDouble(Arrays::stream).filter(Double::isFinite).toArray();
    double least = Arrays.stream(finite).min().orElse(Double.NaN);
    double most = Arrays.stream(finite).max().orElse(Double.NaN);
    return axis.around(least, most);
  }
}
