package nibble.quant.linalg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;

class LinearAlgebraTest {
  private final WorkSplitter serial = WorkSplitter.serial();

  private static double[] random(int rows, int columns, long seed) {
    Random random = new Random(seed);
    double[] a = new double[rows * columns];
    for (int i = 0; i < a.length; i++) {
      a[i] = random.nextGaussian();
    }
    return a;
  }

  private static double[] transposed(double[] a, int rows, int columns) {
    double[] t = new double[a.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        t[j * rows + i] = a[i * columns + j];
      }
    }
    return t;
  }

  private static double[] product(double[] a, double[] b, int m, int k, int n) {
    double[] c = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int l = 0; l < k; l++) {
        for (int j = 0; j < n; j++) {
          c[i * n + j] += a[i * k + l] * b[l * n + j];
        }
      }
    }
    return c;
  }

  private static double[] identity(int n) {
    double[] a = new double[n * n];
    for (int i = 0; i < n; i++) {
      a[i * n + i] = 1;
    }
    return a;
  }

  private static double[] positiveDefinite(int n, long seed) {
    double[] x = random(n + 8, n, seed);
    double[] a = product(transposed(x, n + 8, n), x, n, n + 8, n);
    for (int i = 0; i < n; i++) {
      a[i * n + i] += 0.5;
    }
    return a;
  }

  private static void assertUpper(double[] a, int n) {
    for (int i = 0; i < n; i++) {
      assertTrue(a[i * n + i] > 0);
      for (int j = 0; j < i; j++) {
        assertEquals(0.0, a[i * n + j]);
      }
    }
  }

  @Property(tries = 40)
  void choleskyFactorsMultiplyBack(@ForAll @IntRange(min = 1, max = 150) int n, @ForAll long seed) {
    double[] a = positiveDefinite(n, seed);
    double[] u = Cholesky.of(a, n, serial).upper();
    assertUpper(u, n);
    assertArrayEquals(a, product(transposed(u, n, n), u, n, n, n), 1e-11 * n * (n + 8));
    double[] r = Triangular.reverseCholesky(a, n, serial);
    assertUpper(r, n);
    assertArrayEquals(a, product(r, transposed(r, n, n), n, n, n), 1e-11 * n * (n + 8));
  }

  @Property(tries = 30)
  void inverseOfTheReverseFactorFactorsTheInverse(
      @ForAll @IntRange(min = 1, max = 140) int n, @ForAll long seed) {
    double[] a = positiveDefinite(n, seed);
    double[] u = Triangular.invertUpper(Triangular.reverseCholesky(a, n, serial), n, serial);
    assertUpper(u, n);
    double[] inverse = product(transposed(u, n, n), u, n, n, n);
    assertArrayEquals(identity(n), product(a, inverse, n, n, n), 1e-8);
  }

  @Property(tries = 30)
  void solutionsSolve(
      @ForAll @IntRange(min = 1, max = 100) int n,
      @ForAll @IntRange(min = 1, max = 5) int columns,
      @ForAll long seed) {
    double[] a = positiveDefinite(n, seed);
    double[] x = random(n, columns, seed + 1);
    assertArrayEquals(
        x, Cholesky.of(a, n, serial).solve(product(a, x, n, n, columns), columns), 1e-8);
  }

  @Example
  void determinantOfADiagonalMatrix() {
    assertEquals(
        Math.log(6), Cholesky.of(new double[] {2, 0, 0, 3}, 2, serial).logDeterminant(), 1e-14);
  }

  @Example
  void matricesThatAreNotPositiveDefiniteNameThePivot() {
    double[] a = identity(100);
    a[80 * 100 + 80] = -1e-9;
    assertEquals(
        80,
        assertThrows(NotPositiveDefiniteException.class, () -> Cholesky.of(a, 100, serial))
            .pivot());
    a[80 * 100 + 80] = Double.NaN;
    assertThrows(NotPositiveDefiniteException.class, () -> Cholesky.of(a, 100, serial));
    assertThrows(
        IllegalArgumentException.class, () -> Triangular.invertUpper(new double[4], 2, serial));
  }

  @Example
  void threadsDoNotChangeTheFactor() {
    double[] a = positiveDefinite(200, 4);
    try (WorkSplitter two = WorkSplitter.ofThreads(2)) {
      assertArrayEquals(Cholesky.of(a, 200, serial).upper(), Cholesky.of(a, 200, two).upper());
      double[] r = Triangular.reverseCholesky(a, 200, serial);
      assertArrayEquals(
          Triangular.invertUpper(r, 200, serial), Triangular.invertUpper(r, 200, two));
    }
  }

  @Property(tries = 20)
  void eigenvectorsRebuildTheMatrix(@ForAll @IntRange(min = 1, max = 60) int n, @ForAll long seed) {
    double[] x = random(n, n, seed);
    double[] a = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        a[i * n + j] = x[i * n + j] + x[j * n + i];
      }
    }
    SymmetricEigen eigen = SymmetricEigen.of(a, n);
    double[] v = eigen.vectors();
    assertArrayEquals(identity(n), product(transposed(v, n, n), v, n, n, n), 1e-10);
    assertArrayEquals(
        a, product(timesDiagonal(v, eigen.values(), n, n), transposed(v, n, n), n, n, n), 1e-9);
    assertDescending(eigen.values());
  }

  private static double[] timesDiagonal(double[] a, double[] diagonal, int rows, int columns) {
    double[] product = a.clone();
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        product[i * columns + j] *= diagonal[j];
      }
    }
    return product;
  }

  private static void assertDescending(double[] values) {
    for (int i = 1; i < values.length; i++) {
      assertTrue(values[i - 1] >= values[i]);
    }
  }

  @Property(tries = 20)
  void singularVectorsRebuildTheMatrix(
      @ForAll @IntRange(min = 1, max = 40) int m,
      @ForAll @IntRange(min = 1, max = 40) int n,
      @ForAll long seed) {
    double[] a = random(m, n, seed);
    int r = Math.min(m, n);
    Svd svd = Svd.of(a, m, n);
    assertArrayEquals(identity(r), product(transposed(svd.u(), m, r), svd.u(), r, m, r), 1e-10);
    assertArrayEquals(identity(r), product(transposed(svd.v(), n, r), svd.v(), r, n, r), 1e-10);
    assertArrayEquals(
        a,
        product(timesDiagonal(svd.u(), svd.s(), m, r), transposed(svd.v(), n, r), m, r, n),
        1e-9);
    assertDescending(svd.s());
    assertTrue(svd.s()[r - 1] >= 0);
  }

  @Property(tries = 20)
  void qrRebuildsTheMatrix(
      @ForAll @IntRange(min = 1, max = 30) int n,
      @ForAll @IntRange(min = 0, max = 20) int more,
      @ForAll long seed) {
    int m = n + more;
    double[] a = random(m, n, seed);
    Qr qr = Qr.of(a, m, n);
    assertUpper(qr.r(), n);
    assertArrayEquals(identity(n), product(transposed(qr.q(), m, n), qr.q(), n, m, n), 1e-10);
    assertArrayEquals(a, product(qr.q(), qr.r(), m, n, n), 1e-10);
  }

  @Example
  void badMatricesAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> SymmetricEigen.of(new double[] {1, 2, 3, 4}, 2));
    assertThrows(IllegalArgumentException.class, () -> Svd.of(new double[] {1, Double.NaN}, 1, 2));
    assertThrows(IllegalArgumentException.class, () -> Qr.of(new double[2], 1, 2));
    assertThrows(IllegalArgumentException.class, () -> Cholesky.of(new double[3], 2, serial));
  }
}
