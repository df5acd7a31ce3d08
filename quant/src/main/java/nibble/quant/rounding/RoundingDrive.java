package nibble.quant.rounding;

/**
 * How AdaRound's variables are driven to 0 or 1: {@code weight / elements * sum(1 - |2 h(V) -
 * 1|^beta)}.
 *
 * @param weight of the undecided elements, for each element of the output's mean (AdaRound: 0.01)
 * @param warmUp share of the updates without it (AdaRound: 0.2)
 * @param betaFirst exponent after the warm-up (AdaRound: 20)
 * @param betaLast exponent at the end, reached in a straight line (AdaRound: 2)
 */
public record RoundingDrive(double weight, double warmUp, double betaFirst, double betaLast) {
  /** AdaRound's values. */
  public static final RoundingDrive DEFAULTS = new RoundingDrive(0.01, 0.2, 20, 2);

  public RoundingDrive {
    if (!(weight >= 0)
        || !(warmUp >= 0 && warmUp <= 1)
        || !(betaFirst >= betaLast && betaLast > 0)) {
      throw new IllegalArgumentException(
          "a drive needs a weight that is not negative, a share of warm-up from 0 to 1 and falling positive exponents, found %s, %s, %s, %s"
              .formatted(weight, warmUp, betaFirst, betaLast));
    }
  }

  /** Whether it works at {@code progress}. */
  public boolean isOn(double progress) {
    return weight > 0 && progress >= warmUp;
  }

  /** The exponent at {@code progress}, 0 to 1. */
  public double beta(double progress) {
    double share = warmUp >= 1 ? 1 : Math.clamp((progress - warmUp) / (1 - warmUp), 0.0, 1.0);
    return betaFirst + (betaLast - betaFirst) * share;
  }
}
