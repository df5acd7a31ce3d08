package nibble.quant.linalg;

import org.ojalgo.matrix.decomposition.SingularValue;

/**
 * The thin singular value decomposition {@code A = U diag(s) V^T} of {@code A [m, n]}, with {@code
 * r = min(m, n)}.
 *
 * @param u {@code [m, r]}, orthonormal columns
 * @param s {@code [r]}, largest first, not negative
 * @param v {@code [n, r]}, orthonormal columns
 */
public record Svd(double[] u, double[] s, double[] v) {

  /**
   * Decomposes {@code a [m, n]}. ojAlgo does the work, on threads of its own where the matrix is
   * large.
   *
   * @throws IllegalArgumentException if an element is not finite
   */
  public static Svd of(double[] a, int m, int n) {
    int r = Math.min(m, n);
    SingularValue<Double> svd = SingularValue.R064.make(m, n);
    if (!svd.decompose(Stores.of(a, m, n))) {
      throw new IllegalStateException(
          "the singular values of a [%d, %d] matrix did not converge".formatted(m, n));
    }
    double[] s = new double[r];
    svd.getSingularValues(s);
    return new Svd(Stores.rows(svd.getU(), m, r), s, Stores.rows(svd.getV(), n, r));
  }
}
