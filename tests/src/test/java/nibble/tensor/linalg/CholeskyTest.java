package nibble.tensor.linalg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import org.junit.jupiter.api.Test;

/** Factors, solves and inverses against the products they stand for. */
class CholeskyTest {
  private final WorkSplitter splitter = WorkSplitter.serial();

  /** {@code B B^T / n + 0.1 I}: positive definite, with eigenvalues between 0.1 and about 4. */
  private static double[] positiveDefinite(Random random, int n) {
    double[] b = new double[n * n];
    for (int i = 0; i < b.length; i++) {
      b[i] = random.nextGaussian();
    }
    double[] a = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double sum = i == j ? 0.1 : 0;
        for (int k = 0; k < n; k++) {
          sum += b[i * n + k] * b[j * n + k] / n;
        }
        a[i * n + j] = sum;
      }
    }
    return a;
  }

  private static double[] times(double[] a, double[] b, int n, boolean transposed) {
    double[] c = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        for (int k = 0; k < n; k++) {
          c[i * n + j] += a[i * n + k] * (transposed ? b[j * n + k] : b[k * n + j]);
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

  @Property(tries = 60)
  void theFactorMultipliesBack(@ForAll @IntRange(min = 0, max = 150) int n, @ForAll Random random) {
    double[] a = positiveDefinite(random, n);
    double[] l = a.clone();
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        l[i * n + j] = Double.NaN; // must not be read
      }
    }
    Cholesky.factor(l, n, splitter);
    for (int i = 0; i < n; i++) {
      assertTrue(l[i * n + i] > 0);
      for (int j = i + 1; j < n; j++) {
        assertEquals(0, l[i * n + j]);
      }
    }
    assertArrayEquals(a, times(l, l, n, true), (n + 1) * 0x1p-48);
  }

  @Property(tries = 40)
  void theInverseAndTheSolutionFit(
      @ForAll @IntRange(min = 1, max = 110) int n, @ForAll Random random) {
    double[] a = positiveDefinite(random, n);
    double[] l = a.clone();
    Cholesky.factor(l, n, splitter);
    double[] inverse = Cholesky.inverse(l, n, splitter);
    assertArrayEquals(identity(n), times(a, inverse, n, false), 1e-10);
    assertArrayEquals(
        identity(n), times(l, Triangular.invertLower(l, n, splitter), n, false), 1e-10);
    double[] x = random.doubles(n).toArray();
    double[] b = new double[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        b[i] += a[i * n + j] * x[j];
        assertEquals(inverse[i * n + j], inverse[j * n + i]);
      }
    }
    Cholesky.solve(l, n, b);
    assertArrayEquals(x, b, 1e-10);
  }

  @Test
  void threadsDoNotChangeABit() {
    double[] a = positiveDefinite(new Random(1), 200);
    double[] one = a.clone();
    double[] two = a.clone();
    Cholesky.factor(one, 200, splitter);
    try (WorkSplitter threads = WorkSplitter.ofThreads(2)) {
      Cholesky.factor(two, 200, threads);
      assertArrayEquals(one, two);
      assertArrayEquals(Cholesky.inverse(one, 200, splitter), Cholesky.inverse(two, 200, threads));
    }
  }

  @Test
  void indefiniteMatricesAreNamed() {
    double[] a = identity(60);
    a[55 * 60 + 55] = -1;
    var exception =
        assertThrows(NotPositiveDefiniteException.class, () -> Cholesky.factor(a, 60, splitter));
    assertEquals(55, exception.row());
    assertEquals(-1, exception.pivot());
    assertThrows(
        NotPositiveDefiniteException.class,
        () -> Cholesky.factor(new double[] {1, 0, 1, 1}, 2, splitter));
    assertThrows(
        NotPositiveDefiniteException.class,
        () -> Cholesky.factor(new double[] {Double.NaN}, 1, splitter));
    assertThrows(IllegalArgumentException.class, () -> Cholesky.factor(new double[3], 2, splitter));
  }
}
