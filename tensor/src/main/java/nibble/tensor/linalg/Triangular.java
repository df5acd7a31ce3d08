package nibble.tensor.linalg;

import nibble.kernels.parallel.WorkSplitter;

/**
 * Systems with a lower triangular matrix {@code l [n, n]}, row-major; what lies above its diagonal
 * is not read.
 */
public final class Triangular {

  private Triangular() {}

  /**
   * Solves {@code L x = b} in place of {@code b [n]}. A zero on the diagonal gives infinities or
   * NaN.
   */
  public static void solveLower(double[] l, int n, double[] b) {
    Cholesky.check(l, n);
    checkRight(b, n);
    for (int i = 0; i < n; i++) {
      double sum = b[i];
      for (int k = 0; k < i; k++) {
        sum -= l[i * n + k] * b[k];
      }
      b[i] = sum / l[i * n + i];
    }
  }

  /** Solves {@code L^T x = b} in place of {@code b [n]}. */
  public static void solveLowerTransposed(double[] l, int n, double[] b) {
    Cholesky.check(l, n);
    checkRight(b, n);
    for (int i = n - 1; i >= 0; i--) {
      double x = b[i] / l[i * n + i];
      b[i] = x;
      for (int k = 0; k < i; k++) { // by rows of L: memory in order
        b[k] -= l[i * n + k] * x;
      }
    }
  }

  /**
   * {@code L^-1}, lower triangular with zeros above the diagonal. Cost: {@code n^3 / 6}
   * multiply-adds.
   */
  public static double[] invertLower(double[] l, int n, WorkSplitter splitter) {
    Cholesky.check(l, n);
    double[] inverse = new double[n * n];
    int width = 32;
    splitter.run(
        (n + width - 1) / width,
        (task, scratch) ->
            invertColumns(l, n, inverse, task * width, Math.min(n, (task + 1) * width)));
    return inverse;
  }

  /**
   * Forward substitution for a few columns of the identity at once, so that rows are read in order.
   */
  private static void invertColumns(double[] l, int n, double[] inverse, int from, int to) {
    for (int i = from; i < n; i++) {
      int row = i * n;
      if (i < to) {
        inverse[row + i] = 1;
      }
      for (int k = from; k < i; k++) {
        double x = l[row + k];
        int other = k * n;
        for (int j = from; j < Math.min(to, k + 1); j++) {
          inverse[row + j] -= x * inverse[other + j];
        }
      }
      double diagonal = l[row + i];
      for (int j = from; j < Math.min(to, i + 1); j++) {
        inverse[row + j] /= diagonal;
      }
    }
  }

  private static void checkRight(double[] b, int n) {
    if (b.length != n) {
      throw new IllegalArgumentException(
          "the right side needs %d elements, has %d".formatted(n, b.length));
    }
  }
}
