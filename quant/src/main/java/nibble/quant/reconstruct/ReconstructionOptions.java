package nibble.quant.reconstruct;

/**
 * Knobs of {@link BlockReconstructor}.
 *
 * @param iterations updates (AdaRound: 10,000; BRECQ: 20,000)
 * @param batch samples an update (BRECQ: 32)
 * @param rate of Adam on the logits (AdaRound: 1e-2, BRECQ's code: 1e-3)
 * @param regularisation weight of the undecided elements, for each element of the output's mean (AdaRound: 0.01)
 * @param warmUp share of the updates without it (AdaRound: 0.2)
 * @param betaFirst exponent after the warm-up (AdaRound: 20)
 * @param betaLast exponent at the end, reached in a straight line (AdaRound: 2)
 * @param drop probability with which an input element is the float one instead of the quantized one (QDrop: 0.5; BRECQ: 0)
 */
public record ReconstructionOptions(
    int iterations, int batch, double rate, double regularisation, double warmUp, double betaFirst, double betaLast, double drop) {
  /** AdaRound's values for a short training. */
  public static final ReconstructionOptions DEFAULTS = new ReconstructionOptions(500, 16, 1e-2, 0.01, 0.2, 20, 2, 0);

  public ReconstructionOptions {
    if (iterations < 1 || batch < 1 || !(rate > 0) || !(regularisation >= 0) || !(warmUp >= 0 && warmUp <= 1) || !(betaFirst >= betaLast && betaLast > 0) || !(drop >= 0 && drop <= 1)) {
      throw new IllegalArgumentException(
          "reconstruction needs positive iterations, batch and rate, shares from 0 to 1 and falling exponents, found %d, %d, %s, %s, %s, %s, %s, %s"
              .formatted(iterations, batch, rate, regularisation, warmUp, betaFirst, betaLast, drop));
    }
  }

  /** The exponent of update {@code i}. */
  double beta(int i) {
    double progress = Math.clamp((i - warmUp * iterations) / Math.max(1, (1 - warmUp) * iterations), 0.0, 1.0);
    return betaFirst + (betaLast - betaFirst) * progress;
  }
}
