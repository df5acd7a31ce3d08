package nibble.quant.observer;

import nibble.quant.format.ClipSearch;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;

/**
 * Shrinks the range to the ratio with the smallest sum of {@code |x - fq(x)|^exponent}, the search
 * of {@link ClipSearch.Shrink} on a {@link Histogram} of everything seen. Values count as the
 * centres of their bins, so errors are off by up to half a bin, {@code max|x| / 4096}, which at 8
 * bits is an eighth of half a scale and at 4 bits less than a hundredth.
 */
public final class MseObserver extends HistogramObserver {
  private final ClipSearch.Shrink search;

  /**
   * @param name what is observed, for messages
   * @param search ratios and error exponent
   */
  public MseObserver(String name, ClipSearch.Shrink search) {
    super(name);
    this.search = search;
  }

  @Override
  public Grid grid(IntFormat format) {
    checkSeen();
    float lo = Math.min(0, histogram().min());
    float hi = Math.max(0, histogram().max());
    Grid best = Grid.covering(format, lo, hi);
    double least = GridError.of(best, histogram(), search.exponent());
    for (int i = 1; i < search.steps(); i++) {
      float ratio = (float) (1 - (double) i / search.gridSize());
      Grid grid = Grid.covering(format, ratio * lo, ratio * hi);
      double error = GridError.of(grid, histogram(), search.exponent());
      if (error < least) {
        least = error;
        best = grid;
      }
    }
    return best;
  }
}
