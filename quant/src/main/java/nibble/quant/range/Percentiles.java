package nibble.quant.range;

import java.util.List;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;

/**
 * Covers the values between the quantiles {@code 1 - p} and {@code p}; of several p the grid with
 * the least error, the first on a tie. RepQ-ViT's code tries 0.999, 0.9999 and 0.99999 with the
 * squared error.
 *
 * @param percentiles candidates, above 0.5 and at most 1; at least one
 * @param exponent of the error that decides
 */
public record Percentiles(List<Double> percentiles, double exponent) implements RangeSearch {
  public Percentiles {
    percentiles = List.copyOf(percentiles);
    if (percentiles.isEmpty() || percentiles.stream().anyMatch(p -> !(p > 0.5 && p <= 1))) {
      throw new IllegalArgumentException(
          "percentiles must be above 0.5 and at most 1, were " + percentiles);
    }
  }

  @Override
  public Grid fit(String name, IntFormat format, Values values) {
    Grid whole = MIN_MAX.fit(name, format, values);
    Quantiles quantiles = new Quantiles(values.toArray());
    Grid best = whole;
    double least = Double.POSITIVE_INFINITY;
    for (double p : percentiles) {
      Grid grid = p == 1 ? whole : Grid.covering(format, quantiles.at(1 - p), quantiles.at(p));
      double error = GridFit.error(grid, values, exponent);
      if (error < least) {
        least = error;
        best = grid;
      }
    }
    return best;
  }
}
