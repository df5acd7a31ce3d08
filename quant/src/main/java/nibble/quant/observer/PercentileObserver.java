package nibble.quant.observer;

import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;

/**
 * Covers the values between the quantiles {@code 1 - p} and {@code p}; of several p the one with
 * the smallest squared error.
 *
 * <p>RepQ-ViT tries 0.999, 0.9999 and 0.99999 (<a
 * href="https://arxiv.org/abs/2212.08254">arXiv:2212.08254</a>, its code). Quantiles come from a
 * {@link Histogram}: at most one bin off, {@code max|x| / 2048}; so does the error that decides.
 */
public final class PercentileObserver extends HistogramObserver {
  private static final double[] REPQ = {0.999, 0.9999, 0.99999};

  private final double[] percentiles;

  /**
   * @param name what is observed, for messages
   * @param percentiles candidates, above 0.5 and at most 1; at least one
   */
  public PercentileObserver(String name, double... percentiles) {
    super(name);
    if (percentiles.length == 0) {
      throw new IllegalArgumentException("at least one percentile is needed");
    }
    for (double p : percentiles) {
      if (!(p > 0.5 && p <= 1)) {
        throw new IllegalArgumentException("percentile must be above 0.5 and at most 1, was " + p);
      }
    }
    this.percentiles = percentiles.clone();
  }

  /** With the candidates of RepQ-ViT. */
  public static PercentileObserver repq(String name) {
    return new PercentileObserver(name, REPQ);
  }

  @Override
  public Grid grid(IntFormat format) {
    checkSeen();
    Grid best = covering(format, percentiles[0]);
    double least = GridError.of(best, histogram(), 2);
    for (int i = 1; i < percentiles.length; i++) {
      Grid grid = covering(format, percentiles[i]);
      double error = GridError.of(grid, histogram(), 2);
      if (error < least) {
        least = error;
        best = grid;
      }
    }
    return best;
  }

  private Grid covering(IntFormat format, double p) {
    float lo = p == 1 ? histogram().min() : histogram().quantile(1 - p);
    float hi = p == 1 ? histogram().max() : histogram().quantile(p);
    return Grid.covering(format, lo, hi);
  }
}
