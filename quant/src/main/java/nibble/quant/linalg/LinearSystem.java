package nibble.quant.linalg;

import org.ojalgo.matrix.decomposition.LU;
import org.ojalgo.matrix.store.MatrixStore;

/** Systems of linear equations with a square matrix. */
public final class LinearSystem {
  private LinearSystem() {}

  /**
   * {@code X [n, columns]} with {@code A X = B} for {@code a [n, n]} and {@code b [n, columns]}, by
   * LU with pivots. ojAlgo does the work, on threads of its own where the matrix is large.
   *
   * @throws IllegalArgumentException if an element is not finite, or the matrix is singular
   */
  public static double[] solve(double[] a, double[] b, int n, int columns) {
    RowUpdate.checkSquare(a, n);
    LU<Double> lu = LU.R064.make(n, n);
    if (!lu.decompose(Stores.of(a, n, n)) || !lu.isSolvable()) {
      throw new IllegalArgumentException("the matrix [%d, %d] is singular".formatted(n, n));
    }
    MatrixStore<Double> x = lu.getSolution(Stores.of(b, n, columns));
    return Stores.rows(x, n, columns);
  }
}
