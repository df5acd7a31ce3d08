package nibble.quant.linalg;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.ojalgo.matrix.decomposition.Eigenvalue;
import org.ojalgo.matrix.store.MatrixStore;

/**
 * The eigenvalues and eigenvectors of a symmetric matrix: {@code A = V diag(values) V^T}.
 *
 * @param values {@code [n]}, largest first
 * @param vectors {@code V [n, n]}, orthogonal, one eigenvector a column; the element of largest
 *     magnitude of each is positive
 */
public record SymmetricEigen(double[] values, double[] vectors) {

  /**
   * Decomposes {@code a [n, n]}. ojAlgo does the work, on threads of its own where the matrix is
   * large.
   *
   * @throws IllegalArgumentException if an element is not finite or the matrix is not symmetric to
   *     1e-9 of its largest element
   */
  public static SymmetricEigen of(double[] a, int n) {
    RowUpdate.checkSquare(a, n);
    checkSymmetric(a, n);
    Eigenvalue<Double> eigen = Eigenvalue.R064.make(n, true);
    if (!eigen.decompose(Stores.of(a, n, n))) {
      throw new IllegalStateException(
          "the eigenvalues of a [%d, %d] matrix did not converge".formatted(n, n));
    }
    MatrixStore<Double> v = eigen.getV();
    MatrixStore<Double> d = eigen.getD();
    int[] order =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -d.doubleValue(i, i)))
            .mapToInt(i -> i)
            .toArray();
    double[] values = new double[n];
    double[] vectors = new double[n * n];
    for (int j = 0; j < n; j++) {
      values[j] = d.doubleValue(order[j], order[j]);
      double sign = sign(v, n, order[j]);
      for (int i = 0; i < n; i++) {
        vectors[i * n + j] = sign * v.doubleValue(i, order[j]);
      }
    }
    return new SymmetricEigen(values, vectors);
  }

  private static double sign(MatrixStore<Double> v, int n, int column) {
    double largest = 0;
    for (int i = 0; i < n; i++) {
      double value = v.doubleValue(i, column);
      if (Math.abs(value) > Math.abs(largest)) {
        largest = value;
      }
    }
    return largest < 0 ? -1 : 1;
  }

  private static void checkSymmetric(double[] a, int n) {
    double largest = 0;
    double skew = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        largest = Math.max(largest, Math.abs(a[i * n + j]));
        skew = Math.max(skew, Math.abs(a[i * n + j] - a[j * n + i]));
      }
    }
    if (skew > 1e-9 * largest) {
      throw new IllegalArgumentException(
          "matrix is not symmetric: elements across the diagonal differ by up to " + skew);
    }
  }
}
