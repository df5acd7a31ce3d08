package nibble.quant.linalg;

import java.util.Arrays;
import nibble.kernels.parallel.WorkSplitter;

/** Triangular matrices. */
public final class Triangular {
  private static final int TILE = 64;

  private Triangular() {}

  /**
   * The inverse of an upper triangular {@code r [n, n]}, in a new array with zeros below the
   * diagonal. Cost: {@code n^3 / 6} multiply-adds. The result does not depend on the number of
   * threads.
   *
   * @throws IllegalArgumentException if a diagonal element is 0 or not finite
   */
  public static double[] invertUpper(double[] r, int n, WorkSplitter splitter) {
    RowUpdate.checkSquare(r, n);
    for (int i = 0; i < n; i++) {
      double pivot = r[i * n + i];
      if (pivot == 0 || !Double.isFinite(pivot)) {
        throw new IllegalArgumentException(
            "diagonal element %d of a triangular matrix is %s".formatted(i, pivot));
      }
    }
    double[] x = new double[r.length];
    splitter.run(
        Math.ceilDiv(n, TILE),
        (tile, scratch) -> invertColumns(r, n, tile * TILE, Math.min(n, (tile + 1) * TILE), x));
    return x;
  }

  /**
   * Columns are independent, so each tile of them is solved from the bottom row up, in an array of
   * its own.
   */
  private static void invertColumns(double[] r, int n, int from, int to, double[] x) {
    int width = to - from;
    double[] tile = new double[to * width];
    double[] row = new double[width];
    for (int i = to - 1; i >= 0; i--) {
      Arrays.fill(row, 0);
      if (i >= from) {
        row[i - from] = 1;
      }
      RowUpdate.subtract(
          width, to - i - 1, r, i * n + i + 1, 1, tile, (i + 1) * width, width, row, 0);
      double inverse = 1 / r[i * n + i];
      for (int j = 0; j < width; j++) {
        tile[i * width + j] = row[j] * inverse;
      }
      System.arraycopy(tile, i * width, x, i * n + from, width);
    }
  }

  /**
   * The upper triangular {@code R} with {@code A = R R^T}: the Cholesky factor taken from the last
   * row up. Where {@code A = U^T U} factors a matrix, {@code R^-1} is the same kind of factor of
   * its inverse: {@code A^-1 = (R^-1)^T R^-1}.
   *
   * @param a symmetric {@code [n, n]}; only the lower triangle is read
   * @throws NotPositiveDefiniteException if A is not positive definite
   */
  public static double[] reverseCholesky(double[] a, int n, WorkSplitter splitter) {
    return reverseCholeskyInPlace(a.clone(), n, splitter);
  }

  /**
   * The same in the memory of {@code a}: R takes the place of the matrix, also where this ends with
   * an exception.
   */
  public static double[] reverseCholeskyInPlace(double[] a, int n, WorkSplitter splitter) {
    RowUpdate.checkSquare(a, n);
    for (int i = 0, j = a.length - 1; i < j; i++, j--) {
      swap(a, i, j);
    }
    double[] r = Cholesky.inPlace(a, n, splitter).upper();
    for (int i = 0; i < n; i++) { // mirrored at the other diagonal
      for (int j = i; j < n - 1 - i; j++) {
        swap(r, i * n + j, (n - 1 - j) * n + n - 1 - i);
      }
    }
    return r;
  }

  private static void swap(double[] a, int i, int j) {
    double value = a[i];
    a[i] = a[j];
    a[j] = value;
  }
}
