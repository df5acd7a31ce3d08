package nibble.quant.observer;

import nibble.quant.format.Grid;

/** Rounding error of a grid on the values of a histogram. */
final class GridError {
  private GridError() {}

  /** Sum of {@code |x - fq(x)|^exponent}, every value taken as the centre of its bin. */
  static double of(Grid grid, Histogram histogram, double exponent) {
    double[] sum = {0};
    histogram.forEachBin(
        (centre, count) -> {
          double distance = Math.abs((double) centre - grid.fakeQuantize(centre));
          sum[0] += count * (exponent == 2 ? distance * distance : Math.pow(distance, exponent));
        });
    return sum[0];
  }
}
