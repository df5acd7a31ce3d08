package nibble.quant.adaround;

/**
 * The rectified sigmoid that stands for a rounding bit:
 *
 * <pre>{@code
 * h(V) = clamp(sigmoid(V) (zeta - gamma) + gamma, 0, 1)      gamma = -0.1, zeta = 1.1
 * }</pre>
 *
 * <p>Nagel, Amjad, van Baalen, Louizos, Blankevoort: <a href="https://arxiv.org/abs/2004.10568">arXiv:2004.10568</a>, equation 23.
 */
final class SoftRounding {
  private static final double GAMMA = -0.1;
  private static final double SPAN = 1.2;

  private SoftRounding() {}

  static double h(double v) {
    return Math.max(0, Math.min(1, SPAN / (1 + Math.exp(-v)) + GAMMA));
  }

  /** The derivative of h; 0 where it is clamped. */
  static double slope(double v) {
    double sigmoid = 1 / (1 + Math.exp(-v));
    double open = SPAN * sigmoid + GAMMA;
    return open > 0 && open < 1 ? SPAN * sigmoid * (1 - sigmoid) : 0;
  }

  /** The V with {@code h(V) = share}, from 0 (inclusive) to 1 (exclusive). */
  static double inverse(double share) {
    return -Math.log(SPAN / (share - GAMMA) - 1);
  }

  /** {@code 1 - |2 h - 1|^beta}: 0 at the ends. */
  static double openness(double h, double beta) {
    return 1 - Math.pow(Math.abs(2 * h - 1), beta);
  }

  /** The derivative of {@link #openness} in h. */
  static double opennessSlope(double h, double beta) {
    double t = 2 * h - 1;
    return -2 * beta * Math.pow(Math.abs(t), beta - 1) * Math.signum(t);
  }

  /** The exponent at a share of the annealing, from 20 to 2 in a straight line. */
  static double beta(double share) {
    return 2 + 18 * (1 - share);
  }
}
