package nibble.quant.format;

/**
 * {@code t^exponent} for {@code t >= 0}: interpolated in a table up to 0.5, where nearly every
 * rounding error lies, computed above it. The clip search spends its time here, and {@link
 * Math#pow} alone costs about ten times the rest of its loop.
 */
final class PowerTable {
  private static final int CELLS = 2048;
  private static final PowerTable PUBLISHED = new PowerTable(2.4);

  private final double exponent;
  private final double[] values = new double[CELLS + 2];

  private PowerTable(double exponent) {
    this.exponent = exponent;
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.pow(0.5 * i / CELLS, exponent);
    }
  }

  static PowerTable of(double exponent) {
    return exponent == PUBLISHED.exponent ? PUBLISHED : new PowerTable(exponent);
  }

  double exponent() {
    return exponent;
  }

  double at(double t) {
    if (t > 0.5) {
      return Math.pow(t, exponent);
    }
    double position = t * (2 * CELLS);
    int cell = (int) position;
    double low = values[cell];
    return low + (position - cell) * (values[cell + 1] - low);
  }
}
