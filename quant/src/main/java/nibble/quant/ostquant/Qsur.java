package nibble.quant.ostquant;

import nibble.quant.linalg.SymmetricEigen;

/**
 * QSUR, the quantization space utilization rate of OSTQuant (section 3): how much of the hypercube
 * that a grid with one scale spans is filled by the ellipsoid of the data.
 *
 * <pre>{@code
 * data N(0, C), C [d, d]:     QSUR = pi^(d/2) / Gamma(d/2 + 1) * sqrt(det C) / (2 max_i sqrt(C[i, i]))^d
 * }</pre>
 *
 * <p>The level of the ellipsoid cancels. Largest, for a given ellipsoid, where all channels have
 * equal variance; largest of all where they are uncorrelated too, which takes scales. That the side
 * of the cube is the largest extent over channels of the ellipsoid is inferred from the text.
 */
public final class Qsur {
  private Qsur() {}

  /**
   * {@code ln(QSUR) / d}: comparable between widths, and no power underflows.
   *
   * @param covariance {@code [d, d]}, symmetric, positive definite
   * @throws IllegalArgumentException if it is not
   */
  public static double logarithmPerChannel(double[] covariance, int d) {
    double logDeterminant = 0;
    for (double value : SymmetricEigen.of(covariance, d).values()) {
      if (!(value > 0)) {
        throw new IllegalArgumentException(
            "a covariance must be positive definite, an eigenvalue is " + value);
      }
      logDeterminant += Math.log(value);
    }
    double largest = 0;
    for (int i = 0; i < d; i++) {
      largest = Math.max(largest, covariance[i * d + i]);
    }
    return (logDeterminant / 2 + logUnitBall(d)) / d - Math.log(2 * Math.sqrt(largest));
  }

  /** {@code ln(pi^(d/2) / Gamma(d/2 + 1))} by {@code V(d) = V(d - 2) 2 pi / d}. */
  private static double logUnitBall(int d) {
    double log = d % 2 == 0 ? 0 : Math.log(2);
    for (int i = d % 2 == 0 ? 2 : 3; i <= d; i += 2) {
      log += Math.log(2 * Math.PI / i);
    }
    return log;
  }
}
