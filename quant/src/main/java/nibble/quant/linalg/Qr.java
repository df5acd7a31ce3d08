package nibble.quant.linalg;

import org.ojalgo.matrix.decomposition.QR;
import org.ojalgo.matrix.store.MatrixStore;

/**
 * The thin factorization {@code A = Q R} of {@code A [m, n]}, {@code m >= n}.
 *
 * @param q {@code [m, n]}, orthonormal columns
 * @param r {@code [n, n]}, upper triangular, no negative number on the diagonal; so a random
 *     Gaussian A gives a uniformly random Q
 */
public record Qr(double[] q, double[] r) {

  /**
   * Factors {@code a [m, n]}. ojAlgo does the work, on threads of its own where the matrix is
   * large.
   *
   * @throws IllegalArgumentException if {@code m < n} or an element is not finite
   */
  public static Qr of(double[] a, int m, int n) {
    if (m < n) {
      throw new IllegalArgumentException(
          "QR needs at least as many rows as columns, found [%d, %d]".formatted(m, n));
    }
    QR<Double> qr = QR.R064.make(m, n);
    if (!qr.decompose(Stores.of(a, m, n))) {
      throw new IllegalStateException("QR of a [%d, %d] matrix failed".formatted(m, n));
    }
    double[] q = Stores.rows(qr.getQ(), m, n);
    MatrixStore<Double> upper = qr.getR();
    double[] r = new double[n * n];
    for (int i = 0; i < n; i++) {
      double sign = upper.doubleValue(i, i) < 0 ? -1 : 1;
      for (int j = i; j < n; j++) {
        r[i * n + j] = sign * upper.doubleValue(i, j);
      }
      for (int row = 0; row < m; row++) {
        q[row * n + i] *= sign;
      }
    }
    return new Qr(q, r);
  }
}
