package nibble.quant.stiefel;

/** Products of square matrices {@code [n, n]}, row-major, in double. */
final class SquareMatrix {
  private SquareMatrix() {}

  /** {@code A B}. */
  static double[] product(double[] a, double[] b, int n) {
    double[] c = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        double factor = a[i * n + k];
        for (int j = 0; j < n; j++) {
          c[i * n + j] += factor * b[k * n + j];
        }
      }
    }
    return c;
  }

  /** {@code A^T}. */
  static double[] transposed(double[] a, int n) {
    double[] t = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        t[j * n + i] = a[i * n + j];
      }
    }
    return t;
  }

  static double[] identity(int n) {
    double[] one = new double[n * n];
    for (int i = 0; i < n; i++) {
      one[i * n + i] = 1;
    }
    return one;
  }

  /** {@code A + s B}. */
  static double[] plus(double[] a, double s, double[] b) {
    double[] c = new double[a.length];
    for (int i = 0; i < c.length; i++) {
      c[i] = a[i] + s * b[i];
    }
    return c;
  }

  /** Largest sum of magnitudes of a column. */
  static double columnNorm(double[] a, int n) {
    double[] sums = new double[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        sums[j] += Math.abs(a[i * n + j]);
      }
    }
    double largest = 0;
    for (double sum : sums) {
      largest = Math.max(largest, sum);
    }
    return largest;
  }

  /** Largest element of {@code |P P^T - I|}. */
  static double deviation(double[] p, int n) {
    double largest = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double dot = i == j ? -1 : 0;
        for (int k = 0; k < n; k++) {
          dot += p[i * n + k] * p[j * n + k];
        }
        largest = Math.max(largest, Double.isNaN(dot) ? Double.POSITIVE_INFINITY : Math.abs(dot));
      }
    }
    return largest;
  }
}
