package nibble.kernels.rowwise;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;

/** Inputs and comparisons of the rowwise tests. */
final class RowwiseSamples {
  /** Stands before and after every window that a kernel may write. */
  static final float SENTINEL = -12345.5f;

  static final int MARGIN = 5;

  private RowwiseSamples() {}

  static float[] normal(int count, long seed) {
    Random random = new Random(seed);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /** {@code x} with a margin of sentinels on both sides. */
  static float[] padded(float[] x) {
    float[] result = new float[x.length + 2 * MARGIN];
    Arrays.fill(result, SENTINEL);
    System.arraycopy(x, 0, result, MARGIN, x.length);
    return result;
  }

  static void assertMarginsKept(float[] padded) {
    for (int i = 0; i < MARGIN; i++) {
      assertEquals(SENTINEL, padded[i]);
      assertEquals(SENTINEL, padded[padded.length - 1 - i]);
    }
  }

  /** Equal within {@code bound} relative to the larger of 1 and the value. */
  static void assertNear(float[] expected, float[] actual, double bound) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(
          expected[i], actual[i], bound * Math.max(1, Math.abs(expected[i])), "element " + i);
    }
  }

  /** Derivative by central differences. */
  static double slope(DoubleUnaryOperator f, double at) {
    double h = 1e-3;
    return (f.applyAsDouble(at + h) - f.applyAsDouble(at - h)) / (2 * h);
  }
}
