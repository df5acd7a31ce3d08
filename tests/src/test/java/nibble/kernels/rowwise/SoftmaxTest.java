package nibble.kernels.rowwise;

import static nibble.kernels.rowwise.RowwiseSamples.MARGIN;
import static nibble.kernels.rowwise.RowwiseSamples.assertMarginsKept;
import static nibble.kernels.rowwise.RowwiseSamples.assertNear;
import static nibble.kernels.rowwise.RowwiseSamples.normal;
import static nibble.kernels.rowwise.RowwiseSamples.padded;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SoftmaxTest {
  private static final float MINUS_INFINITY = Float.NEGATIVE_INFINITY;

  private final Softmax vector = Softmax.best();
  private final Softmax scalar = new ScalarSoftmax();

  @Property(tries = 100)
  void agreesWithTheScalarKernelInPlace(
      @ForAll @IntRange(min = 1, max = 3) int rows,
      @ForAll @IntRange(min = 1, max = 70) int columns,
      @ForAll long seed) {
    float[] x = normal(rows * columns, seed);
    for (int i = 0; i < x.length; i++) {
      x[i] *= 10;
    }
    if (x.length > 3) {
      x[2] = MINUS_INFINITY;
    }
    float[] expected = padded(x);
    scalar.forward(rows, columns, expected, MARGIN, expected, MARGIN);
    float[] actual = padded(x);
    vector.forward(rows, columns, actual, MARGIN, actual, MARGIN);
    // Each exponential within 2 units, the sum of n positive terms within n / 8 + 4 more.
    assertNear(expected, actual, (8 + columns / 8.0) * 0x1p-23);
    assertMarginsKept(actual);

    float[] expectedLog = padded(x);
    scalar.logForward(rows, columns, expectedLog, MARGIN, expectedLog, MARGIN);
    float[] actualLog = padded(x);
    vector.logForward(rows, columns, actualLog, MARGIN, actualLog, MARGIN);
    assertNear(expectedLog, actualLog, (8 + columns / 8.0) * 0x1p-23);
    assertMarginsKept(actualLog);

    float[] expectedGradient = padded(normal(x.length, seed + 1));
    float[] actualGradient = expectedGradient.clone();
    scalar.backward(
        rows, columns, expected, MARGIN, expectedGradient, MARGIN, expectedGradient, MARGIN);
    vector.backward(
        rows, columns, expected, MARGIN, actualGradient, MARGIN, actualGradient, MARGIN);
    assertNear(expectedGradient, actualGradient, (8 + columns) * 0x1p-23);
    assertMarginsKept(actualGradient);

    float[] expectedLogGradient = padded(normal(x.length, seed + 1));
    float[] actualLogGradient = expectedLogGradient.clone();
    scalar.logBackward(
        rows,
        columns,
        expectedLog,
        MARGIN,
        expectedLogGradient,
        MARGIN,
        expectedLogGradient,
        MARGIN);
    vector.logBackward(
        rows, columns, expectedLog, MARGIN, actualLogGradient, MARGIN, actualLogGradient, MARGIN);
    assertNear(expectedLogGradient, actualLogGradient, (8 + columns * 4) * 0x1p-23);
    assertMarginsKept(actualLogGradient);
  }

  @Test
  void maskedEntriesAreZeroAndMaskedRowsAreDefined() {
    for (Softmax softmax : new Softmax[] {scalar, vector}) {
      float[] x = new float[40];
      Arrays.fill(x, MINUS_INFINITY);
      x[25] = 3;
      x[39] = 3;
      float[] p = new float[40];
      softmax.forward(2, 20, x, 0, p, 0);
      float[] expected = new float[40];
      expected[25] = 0.5f;
      expected[39] = 0.5f;
      assertArrayEquals(expected, p);
      softmax.logForward(2, 20, x, 0, p, 0);
      assertEquals(MINUS_INFINITY, p[0]);
      assertEquals((float) Math.log(0.5), p[25], 1e-7f);
      softmax.logBackward(2, 20, p, 0, new float[40], 0, p, 0);
      assertArrayEquals(new float[40], p);
    }
  }

  @Test
  void largeInputsDoNotOverflowAndNanShows() {
    for (Softmax softmax : new Softmax[] {scalar, vector}) {
      float[] x = {1e30f, 1e30f, -1e30f, 0, 0, 0, 0, 0, 0};
      softmax.forward(1, 9, x, 0, x, 0);
      assertArrayEquals(new float[] {0.5f, 0.5f, 0, 0, 0, 0, 0, 0, 0}, x);
      x[8] = Float.NaN;
      softmax.forward(1, 9, x, 0, x, 0);
      for (float p : x) {
        assertTrue(Float.isNaN(p));
      }
    }
  }

  @Test
  void gradientsMatchCentralDifferences() {
    int n = 11;
    float[] x = normal(n, 5);
    float[] dy = normal(n, 6);
    float[] y = new float[n];
    float[] dx = new float[n];
    for (boolean log : new boolean[] {false, true}) {
      if (log) {
        scalar.logForward(1, n, x, 0, y, 0);
        vector.logBackward(1, n, y, 0, dy, 0, dx, 0);
      } else {
        scalar.forward(1, n, x, 0, y, 0);
        vector.backward(1, n, y, 0, dy, 0, dx, 0);
      }
      for (int j = 0; j < n; j++) {
        int moved = j;
        double slope = RowwiseSamples.slope(v -> loss(x, dy, moved, v, log), x[j]);
        assertEquals(slope, dx[j], 1e-5);
      }
    }
  }

  private static double loss(float[] x, float[] weights, int moved, double value, boolean log) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += Math.exp(i == moved ? value : x[i]);
    }
    double loss = 0;
    for (int i = 0; i < x.length; i++) {
      double p = Math.exp(i == moved ? value : x[i]) / sum;
      loss += weights[i] * (log ? Math.log(p) : p);
    }
    return loss;
  }
}
