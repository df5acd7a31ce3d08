package nibble.quant.range;

import java.util.List;
import nibble.nn.site.LevelQuantizer;

/**
 * The logarithmic grid of attention probabilities: its largest level is the quantile with the least
 * squared error, of several and the largest value.
 */
public final class SoftmaxFit {
  private static final List<Double> QUANTILES = List.of(0.999, 0.9999, 0.99999);

  private SoftmaxFit() {}

  /** Of {@code probabilities}, which are kept in another order. */
  public static LevelQuantizer fit(
      int bits, float[] probabilities, double step, LogGrid.Zero zero) {
    Quantiles quantiles = new Quantiles(probabilities);
    LevelQuantizer best = LogGrid.of(bits, Math.max(quantiles.at(1), Float.MIN_NORMAL), step, zero);
    double least = error(best, probabilities);
    for (double p : QUANTILES) {
      float delta = quantiles.at(p);
      if (delta > 0) {
        LevelQuantizer candidate = LogGrid.of(bits, delta, step, zero);
        double error = error(candidate, probabilities);
        if (error < least) {
          least = error;
          best = candidate;
        }
      }
    }
    return best;
  }

  private static double error(LevelQuantizer quantizer, float[] x) {
    double sum = 0;
    for (float value : x) {
      double error = (double) value - quantizer.fakeQuantize(value);
      sum += error * error;
    }
    return sum;
  }
}
