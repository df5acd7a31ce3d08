package nibble.quant.range;

import nibble.quant.format.Grid;

/** How well a grid fits values. */
public final class GridFit {
  private GridFit() {}

  /** Sum of {@code |x - fq(x)|^exponent}. */
  public static double error(Grid grid, Values values, double exponent) {
    double scale = grid.scale();
    double low = grid.format().minCode() - grid.zeroPoint();
    double high = grid.format().maxCode() - grid.zeroPoint();
    boolean squares = exponent == 2;
    double sum = 0;
    for (int i = 0; i < values.count(); i++) {
      float x = values.get(i);
      double level = Math.max(low, Math.min(high, Math.rint(x / grid.scale())));
      double error = Math.abs(x - scale * level);
      sum += squares ? error * error : Math.pow(error, exponent);
    }
    return sum;
  }
}
