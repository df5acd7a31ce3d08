package nibble.tensor.linalg;

import nibble.kernels.parallel.WorkSplitter;

/**
 * The factor L of {@code A = L L^T}, and what follows from it. Matrices are {@code [n, n]},
 * row-major. Blocked: a diagonal block, the panel below it, then the rest of the matrix, in rows
 * shared between threads. Results do not depend on the number of threads. Golub, Van Loan: Matrix
 * Computations, section 4.2.
 */
public final class Cholesky {
  private static final int BLOCK = 48;

  private Cholesky() {}

  /**
   * Replaces the symmetric {@code a} by its lower Cholesky factor, with zeros above the diagonal.
   * Only the lower triangle of {@code a} is read. Cost: {@code n^3 / 3} multiply-adds.
   *
   * @throws NotPositiveDefiniteException if a pivot is not a positive number; the content of {@code
   *     a} is then undefined
   * @throws IllegalArgumentException if {@code a} does not have {@code n^2} elements
   */
  public static void factor(double[] a, int n, WorkSplitter splitter) {
    check(a, n);
    for (int start = 0; start < n; start += BLOCK) {
      int end = Math.min(n, start + BLOCK);
      factorDiagonalBlock(a, n, start, end);
      int from = start;
      splitter.run(
          tasks(n - end), (task, scratch) -> solvePanel(a, n, from, end, end + task * BLOCK));
      splitter.run(
          tasks(n - end), (task, scratch) -> subtractPanel(a, n, from, end, end + task * BLOCK));
    }
    for (int i = 0; i < n; i++) {
      java.util.Arrays.fill(a, i * n + i + 1, (i + 1) * n, 0);
    }
  }

  private static int tasks(int rows) {
    return (rows + BLOCK - 1) / BLOCK;
  }

  /** The columns before {@code start} have been subtracted already. */
  private static void factorDiagonalBlock(double[] a, int n, int start, int end) {
    for (int j = start; j < end; j++) {
      double pivot = a[j * n + j] - dot(a, j * n + start, j * n + start, j - start);
      if (!(pivot > 0) || pivot == Double.POSITIVE_INFINITY) {
        throw new NotPositiveDefiniteException(j, n, pivot);
      }
      double root = Math.sqrt(pivot);
      a[j * n + j] = root;
      for (int i = j + 1; i < end; i++) {
        a[i * n + j] = (a[i * n + j] - dot(a, i * n + start, j * n + start, j - start)) / root;
      }
    }
  }

  /** Rows {@code first} and following of the panel: {@code L21 = A21 L11^-T}. */
  private static void solvePanel(double[] a, int n, int start, int end, int first) {
    for (int i = first; i < Math.min(n, first + BLOCK); i++) {
      for (int j = start; j < end; j++) {
        a[i * n + j] =
            (a[i * n + j] - dot(a, i * n + start, j * n + start, j - start)) / a[j * n + j];
      }
    }
  }

  /** Rows {@code first} and following of the rest, up to the diagonal: {@code A22 -= L21 L21^T}. */
  private static void subtractPanel(double[] a, int n, int start, int end, int first) {
    int depth = end - start;
    for (int column = end;
        column < Math.min(n, first + BLOCK);
        column += BLOCK) { // a block of columns stays in the cache
      for (int i = first; i < Math.min(n, first + BLOCK); i++) {
        int last = Math.min(i + 1, column + BLOCK);
        int j = column;
        for (; j + 3 < last; j += 4) {
          subtractFour(a, n, i, j, start, depth);
        }
        for (; j < last; j++) {
          a[i * n + j] -= dot(a, i * n + start, j * n + start, depth);
        }
      }
    }
  }

  /** Four independent sums hide the latency of the additions. */
  private static void subtractFour(double[] a, int n, int i, int j, int start, int depth) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int row = i * n + start;
    int at = j * n + start;
    for (int k = 0; k < depth; k++) {
      double x = a[row + k];
      s0 += x * a[at + k];
      s1 += x * a[at + n + k];
      s2 += x * a[at + 2 * n + k];
      s3 += x * a[at + 3 * n + k];
    }
    a[i * n + j] -= s0;
    a[i * n + j + 1] -= s1;
    a[i * n + j + 2] -= s2;
    a[i * n + j + 3] -= s3;
  }

  private static double dot(double[] a, int x, int y, int count) {
    double sum = 0;
    for (int k = 0; k < count; k++) {
      sum += a[x + k] * a[y + k];
    }
    return sum;
  }

  /**
   * {@code A^-1 = L^-T L^-1} of the matrix whose factor is {@code factor}, symmetric to the last
   * bit. Cost: {@code 2 n^3 / 3} multiply-adds; memory: two matrices.
   */
  public static double[] inverse(double[] factor, int n, WorkSplitter splitter) {
    check(factor, n);
    double[] inverse = Triangular.invertLower(factor, n, splitter);
    double[] result = new double[n * n];
    splitter.run(
        n,
        (i, scratch) -> {
          for (int k = i;
              k < n;
              k++) { // row i of L^-T L^-1 up to the diagonal: sum over k >= i of inverse[k, i]
            // inverse[k, :]
            double x = inverse[k * n + i];
            for (int j = 0; j <= i; j++) {
              result[i * n + j] += x * inverse[k * n + j];
            }
          }
        });
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        result[j * n + i] = result[i * n + j];
      }
    }
    return result;
  }

  /** Solves {@code A x = b} in place of {@code b [n]} with the factor of A. */
  public static void solve(double[] factor, int n, double[] b) {
    Triangular.solveLower(factor, n, b);
    Triangular.solveLowerTransposed(factor, n, b);
  }

  static void check(double[] matrix, int n) {
    if (n < 0 || matrix.length != (long) n * n) {
      throw new IllegalArgumentException(
          "a matrix [%d, %d] has %d elements, the array has %d"
              .formatted(n, n, (long) n * n, matrix.length));
    }
  }
}
