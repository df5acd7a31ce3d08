package nibble.quant.a2q;

import java.util.Arrays;

/**
 * The nearest point with {@code |x|_1 <= r}, by its soft threshold:
 *
 * <pre>{@code
 * u = |w| falling, rho = last k with k u_k > u_1 + ... + u_k - r, theta = (u_1 + ... + u_rho - r) / rho, x = sign(w) max(|w| - theta, 0)
 * }</pre>
 *
 * <p>Duchi and others, ICML 2008, figure 1; A2Q+ starts with it (arXiv:2401.10432, section 3.2).
 */
final class L1Ball {
  private L1Ball() {}

  /** Projects {@code count} values from {@code from} on, in place. */
  static void project(double[] w, int from, int count, double radius) {
    double[] u = new double[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      u[i] = Math.abs(w[from + i]);
      sum += u[i];
    }
    if (sum <= radius) {
      return;
    }
    Arrays.sort(u);
    double cumulated = 0;
    double theta = 0;
    for (int k = 1; k <= count; k++) {
      double value = u[count - k];
      cumulated += value;
      if (value * k > cumulated - radius) {
        theta = (cumulated - radius) / k;
      }
    }
    for (int i = from; i < from + count; i++) {
      w[i] = Math.copySign(Math.max(Math.abs(w[i]) - theta, 0), w[i]);
    }
  }
}
