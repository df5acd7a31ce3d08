package nibble.quant.bcq;

/** Normal equations of a handful of unknowns. */
final class SmallLeastSquares {
  private static final double RIDGE = 1e-8;

  private SmallLeastSquares() {}

  /**
   * The solution of {@code (A + 1e-8 mean(diag A) I) x = b} where A is singular, of {@code A x = b}
   * elsewhere.
   *
   * @param a symmetric positive semidefinite {@code [n, n]}, not zero
   */
  static double[] solve(double[] a, double[] b, int n) {
    double trace = 0;
    for (int i = 0; i < n; i++) {
      trace += a[i * n + i];
    }
    double smallest = 1e-12 * trace / n;
    double[] x = eliminate(a, b, n, 0, smallest);
    return x.length == n ? x : eliminate(a, b, n, RIDGE * trace / n, 0);
  }

  /** LDL^T elimination; an empty array where a pivot is not above {@code smallest}. */
  private static double[] eliminate(double[] a, double[] b, int n, double ridge, double smallest) {
    double[] m = a.clone();
    double[] x = b.clone();
    for (int i = 0; i < n; i++) {
      m[i * n + i] += ridge;
    }
    for (int k = 0; k < n; k++) {
      double pivot = m[k * n + k];
      if (!(pivot > smallest)) {
        return new double[0];
      }
      for (int i = k + 1; i < n; i++) {
        double factor = m[i * n + k] / pivot;
        for (int j = k; j < n; j++) {
          m[i * n + j] -= factor * m[k * n + j];
        }
        x[i] -= factor * x[k];
      }
    }
    for (int k = n - 1; k >= 0; k--) {
      for (int j = k + 1; j < n; j++) {
        x[k] -= m[k * n + j] * x[j];
      }
      x[k] /= m[k * n + k];
    }
    return x;
  }
}
