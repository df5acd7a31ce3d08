package nibble.kernels.hadamard;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.Set;
import nibble.kernels.parallel.Scratch;
import org.junit.jupiter.api.Test;

class HadamardTest {
  private static final Set<Integer> MISSING = Set.of(116, 188, 232, 236, 244);
  private static final int[] SIZES = {
    1, 2, 8, 12, 20, 24, 28, 44, 52, 96, 192, 288, 336, 384, 480, 576, 768, 896, 960, 1376, 1536,
    2048, 4864
  };

  private final Scratch scratch = new Scratch();

  @Test
  void factorsAreOrthogonalInIntegers() {
    for (int k = 1; k <= 256; k += k < 4 ? k : 4) {
      int order = k;
      if (MISSING.contains(k)) {
        assertTrue(HadamardFactor.of(k).isEmpty());
        continue;
      }
      HadamardFactor h =
          HadamardFactor.of(k).orElseThrow(() -> new AssertionError("order " + order));
      for (int i = 0; i < k; i++) {
        for (int j = 0; j < k; j++) {
          int sum = 0;
          for (int l = 0; l < k; l++) {
            sum += h.sign(i, l) * h.sign(j, l);
          }
          assertEquals(i == j ? k : 0, sum, "order " + k);
          assertEquals(1, Math.abs(h.sign(i, j)));
        }
      }
    }
    assertTrue(HadamardFactor.of(6).isEmpty());
    assertTrue(HadamardFactor.of(260).isEmpty());
  }

  @Test
  void sizeRulePicksTheFactorsOfPublicCheckpoints() {
    int[][] expected = {
      {5120, 40},
      {11008, 172},
      {13824, 108},
      {14336, 28},
      {5632, 44},
      {768, 12},
      {3072, 12},
      {4096, 1},
      {8960, 140},
      {1376, 172},
      {480, 60},
      {18944, 148}
    };
    for (int[] pair : expected) {
      assertEquals(pair[1], HadamardTransform.of(pair[0]).factorOrder(), "n = " + pair[0]);
    }
  }

  @Test
  void vectorFwhtHasTheBitsOfTheScalarKernel() {
    for (int n = 1; n <= 1 << 17; n *= 2) {
      int rows = n <= 4096 ? 3 : 1;
      for (float scale : new float[] {1, 0.3f}) {
        float[] expected = normal(rows * n + 2, n);
        float[] actual = expected.clone();
        new ScalarFwht().transform(rows, n, expected, 1, scale);
        Fwht.best().transform(rows, n, actual, 1, scale);
        assertArrayEquals(expected, actual, "n = " + n);
      }
    }
  }

  @Test
  void fwhtTwiceIsTheLengthTimesTheInput() {
    for (int n = 1; n <= Fwht.MAX_LENGTH; n *= 2) {
      float[] x = new float[n];
      Random random = new Random(n);
      for (int i = 0; i < Math.min(n, 4096); i++) {
        x[random.nextInt(n)] = random.nextInt(3) - 1;
      }
      float[] y = x.clone();
      Fwht.best().transform(1, n, y, 0, 1);
      Fwht.best().transform(1, n, y, 0, 1f / n);
      assertArrayEquals(x, y, "n = " + n);
    }
  }

  @Test
  void equalsTheDenseKroneckerProduct() {
    for (int n : SIZES) {
      if (n > 1600) {
        continue;
      }
      float[] x = normal(n, n);
      HadamardTransform fast = HadamardTransform.of(n);
      float[] forward = x.clone();
      fast.forward(1, forward, 0, scratch);
      float[] transposed = x.clone();
      fast.transposed(1, transposed, 0, scratch);
      HadamardFactor h = HadamardFactor.of(fast.factorOrder()).orElseThrow();
      int m = n / fast.factorOrder();
      for (int i = 0; i < n; i++) {
        double sum = 0;
        double sumTransposed = 0;
        for (int j = 0; j < n; j++) {
          int sylvester = 1 - 2 * (Integer.bitCount(i % m & j % m) & 1);
          sum += h.sign(i / m, j / m) * sylvester * x[j];
          sumTransposed += h.sign(j / m, i / m) * sylvester * x[j];
        }
        assertEquals(sum / Math.sqrt(n), forward[i], 1e-5, "n = " + n);
        assertEquals(sumTransposed / Math.sqrt(n), transposed[i], 1e-5, "n = " + n);
      }
    }
  }

  @Test
  void keepsNormsInnerProductsAndIsUndoneByItsTranspose() {
    for (int n : SIZES) {
      int rows = 3;
      HadamardTransform transform = HadamardTransform.of(n);
      float[] x = normal(rows * n, 1);
      float[] y = normal(rows * n, 2);
      float[] hx = x.clone();
      float[] hy = y.clone();
      float[] back = y.clone();
      transform.forward(rows, hx, 0, scratch);
      transform.forward(rows, hy, 0, scratch);
      transform.transposed(rows, back, 0, scratch);
      double size = dot(x, x);
      assertEquals(dot(x, x), dot(hx, hx), 1e-6 * size);
      assertEquals(dot(x, y), dot(hx, hy), 1e-6 * size);
      assertEquals(dot(hx, y), dot(x, back), 1e-6 * size, "adjoint, n = " + n);
      transform.transposed(rows, hx, 0, scratch);
      assertArrayEquals(x, hx, 4e-6f);
    }
  }

  @Test
  void spreadsOneEntryEvenlyAndIsLinear() {
    for (int n : SIZES) {
      HadamardTransform transform = HadamardTransform.of(n);
      float[] unit = new float[n];
      unit[n / 3] = 1;
      transform.forward(1, unit, 0, scratch);
      for (float value : unit) {
        assertEquals(1 / Math.sqrt(n), Math.abs(value), 1e-7);
      }
      float[] x = normal(n, 1);
      float[] y = normal(n, 2);
      float[] sum = new float[n];
      for (int i = 0; i < n; i++) {
        sum[i] = 2 * x[i] - y[i];
      }
      transform.forward(1, x, 0, scratch);
      transform.forward(1, y, 0, scratch);
      transform.forward(1, sum, 0, scratch);
      for (int i = 0; i < n; i++) {
        assertEquals(2 * x[i] - y[i], sum[i], 1e-5);
      }
    }
  }

  @Test
  void blocksAreTransformedByThemselves() {
    float[] x = normal(2 * 72, 3);
    float[] expected = x.clone();
    for (int block = 0; block < 6; block++) {
      HadamardTransform.of(24).forward(1, expected, block * 24, scratch);
    }
    float[] actual = x.clone();
    HadamardTransform.ofBlocks(72, 24).forward(2, actual, 0, scratch);
    assertArrayEquals(expected, actual);
    HadamardTransform.ofBlocks(72, 8).forward(2, x, 0, scratch);
  }

  @Test
  void leavesTheSurroundingsAlone() {
    for (int n : SIZES) {
      float[] x = normal(n + 10, 1);
      float[] before = x.clone();
      HadamardTransform.of(n).forward(1, x, 5, scratch);
      for (int i = 0; i < 5; i++) {
        assertEquals(before[i], x[i]);
        assertEquals(before[n + 5 + i], x[n + 5 + i]);
      }
    }
  }

  @Test
  void unsupportedLengthsNameABlockSize() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> HadamardTransform.of(564)).getMessage();
    assertEquals(
        "no Hadamard construction for n = 564; transform it in blocks of 12 or of the power of two"
            + " 4",
        message);
    assertThrows(IllegalArgumentException.class, () -> HadamardTransform.of(0));
    assertThrows(IllegalArgumentException.class, () -> HadamardTransform.ofBlocks(100, 8));
    assertThrows(
        IllegalArgumentException.class, () -> Fwht.best().transform(1, 24, new float[24], 0, 1));
    assertTrue(HadamardTransform.isSupported(768));
    assertTrue(!HadamardTransform.isSupported(564));
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  private static float[] normal(int count, long seed) {
    Random random = new Random(seed);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }
}
