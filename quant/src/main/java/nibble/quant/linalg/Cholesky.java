package nibble.quant.linalg;

import java.util.Arrays;
import nibble.kernels.parallel.WorkSplitter;

/**
 * The factorization {@code A = U^T U} of a symmetric positive definite {@code A [n, n]}, {@code U}
 * upper triangular with a positive diagonal.
 *
 * @param upper {@code U [n, n]}, zeros below the diagonal; shared, not to be written
 */
public record Cholesky(double[] upper, int n) {
  private static final int PANEL = 64;
  private static final int TILE = 256;
  private static final int ROWS_PER_TASK = 16;

  public Cholesky {
    RowUpdate.checkSquare(upper, n);
  }

  /**
   * Factors {@code a}, of which only the upper triangle is read. Cost: {@code n^3 / 3}
   * multiply-adds; {@code n^2} doubles of new memory. The result does not depend on the number of
   * threads.
   *
   * @throws NotPositiveDefiniteException if a pivot is not positive and finite
   */
  public static Cholesky of(double[] a, int n, WorkSplitter splitter) {
    return inPlace(a.clone(), n, splitter);
  }

  /**
   * The same in the memory of {@code u}: the factor takes the place of the matrix, also where this
   * ends with an exception.
   */
  public static Cholesky inPlace(double[] u, int n, WorkSplitter splitter) {
    RowUpdate.checkSquare(u, n);
    double[] panel = new double[Math.multiplyExact(Math.min(PANEL, Math.max(n, 1)), n)];
    for (int p = 0; p < n; p += PANEL) {
      int end = Math.min(n, p + PANEL);
      factorPanel(u, n, p, end, panel);
      int first = end;
      int height = end - p;
      splitter.run(
          Math.ceilDiv(n - end, ROWS_PER_TASK),
          (task, scratch) -> {
            int from = first + task * ROWS_PER_TASK;
            updateRows(u, n, from, Math.min(n, from + ROWS_PER_TASK), panel, height);
          });
    }
    for (int i = 1; i < n; i++) {
      Arrays.fill(u, i * n, i * n + i, 0);
    }
    return new Cholesky(u, n);
  }

  /** Rows {@code p .. end} of U, in place and copied to {@code panel}. */
  private static void factorPanel(double[] u, int n, int p, int end, double[] panel) {
    for (int k = p; k < end; k++) {
      int row = k * n;
      double pivot = u[row + k];
      if (!(pivot > 0) || Double.isInfinite(pivot)) {
        throw new NotPositiveDefiniteException(k, pivot);
      }
      double inverse = 1 / Math.sqrt(pivot);
      for (int j = k; j < n; j++) {
        u[row + j] *= inverse;
      }
      int copy = (k - p) * n;
      System.arraycopy(u, row + k, panel, copy + k, n - k);
      for (int i = k + 1; i < end; i++) {
        RowUpdate.subtract(n - i, 1, panel, copy + i, 0, panel, copy + i, 0, u, i * n + i);
      }
    }
  }

  private static void updateRows(double[] u, int n, int from, int to, double[] panel, int height) {
    for (int tile = from; tile < n; tile += TILE) {
      int tileEnd = Math.min(n, tile + TILE);
      for (int i = from; i < to; i++) {
        int start = Math.max(i, tile);
        if (start < tileEnd) {
          RowUpdate.subtract(
              tileEnd - start, height, panel, i, n, panel, start, n, u, i * n + start);
        }
      }
    }
  }

  /** The solution {@code X [n, columns]} of {@code A X = B}, in a new array. */
  public double[] solve(double[] b, int columns) {
    if (b.length != Math.multiplyExact(n, columns)) {
      throw new IllegalArgumentException(
          "right side must be [%d, %d], found %d values".formatted(n, columns, b.length));
    }
    double[] x = b.clone();
    for (int i = 0; i < n; i++) { // U^T y = b
      scaleRow(x, i, columns, 1 / upper[i * n + i]);
      for (int k = i + 1; k < n; k++) {
        addRow(x, k, i, columns, -upper[i * n + k]);
      }
    }
    for (int i = n - 1; i >= 0; i--) { // U x = y
      for (int k = i + 1; k < n; k++) {
        addRow(x, i, k, columns, -upper[i * n + k]);
      }
      scaleRow(x, i, columns, 1 / upper[i * n + i]);
    }
    return x;
  }

  private static void scaleRow(double[] x, int row, int columns, double factor) {
    for (int j = 0; j < columns; j++) {
      x[row * columns + j] *= factor;
    }
  }

  private static void addRow(double[] x, int to, int from, int columns, double factor) {
    for (int j = 0; j < columns; j++) {
      x[to * columns + j] += factor * x[from * columns + j];
    }
  }

  /** Natural logarithm of the determinant of A. */
  public double logDeterminant() {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += Math.log(upper[i * n + i]);
    }
    return 2 * sum;
  }
}
