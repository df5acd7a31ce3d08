package nibble.kernels.rowwise;

import static nibble.kernels.rowwise.RowwiseSamples.MARGIN;
import static nibble.kernels.rowwise.RowwiseSamples.assertMarginsKept;
import static nibble.kernels.rowwise.RowwiseSamples.assertNear;
import static nibble.kernels.rowwise.RowwiseSamples.normal;
import static nibble.kernels.rowwise.RowwiseSamples.padded;
import static org.junit.jupiter.api.Assertions.assertEquals;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Layer norm and RMS norm. */
class NormsTest {
  private static final float EPSILON = 1e-5f;

  @Property(tries = 100)
  void layerNormAgreesWithTheScalarKernel(
      @ForAll @IntRange(min = 1, max = 4) int rows,
      @ForAll @IntRange(min = 2, max = 70) int columns,
      @ForAll long seed,
      @ForAll boolean useGain,
      @ForAll boolean useBias) {
    LayerNorm vector = LayerNorm.best();
    LayerNorm scalar = new ScalarLayerNorm();
    float[] x = padded(normal(rows * columns, seed));
    float[] gain = useGain ? normal(columns, seed + 1) : null;
    float[] bias = useBias ? normal(columns, seed + 2) : null;
    float[] expected = x.clone();
    float[] actual = x.clone();
    float[] mean = new float[rows + 1];
    float[] inverse = new float[rows + 1];
    vector.forward(
        rows, columns, actual, MARGIN, gain, bias, EPSILON, actual, MARGIN, mean, inverse, 1);
    scalar.forward(
        rows, columns, expected, MARGIN, gain, bias, EPSILON, expected, MARGIN, mean, inverse, 1);
    double largest = 1;
    for (int r = 1; r <= rows; r++) {
      largest = Math.max(largest, inverse[r]);
    }
    // The mean's rounding error is magnified by 1 / standard deviation.
    assertNear(expected, actual, (columns + 16) * 0x1p-23 * largest * 4);
    assertMarginsKept(actual);

    float[] dy = padded(normal(rows * columns, seed + 3));
    float[] expectedDx = dy.clone();
    float[] actualDx = dy.clone();
    float[] expectedDgain = padded(normal(columns, seed + 4));
    float[] actualDgain = expectedDgain.clone();
    float[] expectedDbias = padded(normal(columns, seed + 5));
    float[] actualDbias = expectedDbias.clone();
    scalar.backward(
        rows,
        columns,
        x,
        MARGIN,
        expectedDx,
        MARGIN,
        gain,
        mean,
        inverse,
        1,
        expectedDx,
        MARGIN,
        expectedDgain,
        MARGIN,
        expectedDbias,
        MARGIN);
    vector.backward(
        rows,
        columns,
        x,
        MARGIN,
        actualDx,
        MARGIN,
        gain,
        mean,
        inverse,
        1,
        actualDx,
        MARGIN,
        actualDgain,
        MARGIN,
        actualDbias,
        MARGIN);
    assertNear(expectedDx, actualDx, (columns + 16) * 0x1p-23 * largest * 8);
    assertNear(expectedDgain, actualDgain, 64 * 0x1p-23);
    assertNear(expectedDbias, actualDbias, 64 * 0x1p-23);
    assertMarginsKept(actualDx);
    assertMarginsKept(actualDgain);
    assertMarginsKept(actualDbias);
  }

  @Property(tries = 100)
  void rmsNormAgreesWithTheScalarKernel(
      @ForAll @IntRange(min = 1, max = 4) int rows,
      @ForAll @IntRange(min = 2, max = 70) int columns,
      @ForAll long seed,
      @ForAll boolean useGain) {
    RmsNorm vector = RmsNorm.best();
    RmsNorm scalar = new ScalarRmsNorm();
    float[] x = padded(normal(rows * columns, seed));
    float[] gain = useGain ? normal(columns, seed + 1) : null;
    float[] expected = x.clone();
    float[] actual = x.clone();
    float[] inverse = new float[rows];
    vector.forward(rows, columns, actual, MARGIN, gain, EPSILON, actual, MARGIN, inverse, 0);
    scalar.forward(rows, columns, expected, MARGIN, gain, EPSILON, expected, MARGIN, inverse, 0);
    assertNear(expected, actual, (columns + 16) * 0x1p-23);
    assertMarginsKept(actual);

    double largest = 1;
    for (float value : inverse) {
      largest = Math.max(largest, value);
    }
    float[] dy = padded(normal(rows * columns, seed + 3));
    float[] expectedDx = dy.clone();
    float[] actualDx = dy.clone();
    float[] expectedDgain = padded(normal(columns, seed + 4));
    float[] actualDgain = expectedDgain.clone();
    scalar.backward(
        rows,
        columns,
        x,
        MARGIN,
        expectedDx,
        MARGIN,
        gain,
        inverse,
        0,
        expectedDx,
        MARGIN,
        expectedDgain,
        MARGIN);
    vector.backward(
        rows,
        columns,
        x,
        MARGIN,
        actualDx,
        MARGIN,
        gain,
        inverse,
        0,
        actualDx,
        MARGIN,
        actualDgain,
        MARGIN);
    assertNear(expectedDx, actualDx, (columns + 16) * 0x1p-23 * largest * 8);
    assertNear(expectedDgain, actualDgain, 64 * 0x1p-23);
    assertMarginsKept(actualDx);
    assertMarginsKept(actualDgain);
  }

  @Test
  void gradientsMatchCentralDifferences() {
    int n = 11;
    float[] x = normal(n, 1);
    float[] gain = normal(n, 2);
    float[] dy = normal(n, 3);
    float[] out = new float[n];
    float[] mean = new float[1];
    float[] inverse = new float[1];
    float[] dx = new float[n];
    float[] dgain = new float[n];
    LayerNorm.best().forward(1, n, x, 0, gain, null, EPSILON, out, 0, mean, inverse, 0);
    LayerNorm.best().backward(1, n, x, 0, dy, 0, gain, mean, inverse, 0, dx, 0, dgain, 0, null, 0);
    for (int j = 0; j < n; j++) {
      int moved = j;
      assertEquals(
          RowwiseSamples.slope(v -> loss(x, gain, dy, moved, v, -1, true), x[j]), dx[j], 2e-5);
      assertEquals(
          RowwiseSamples.slope(v -> loss(x, gain, dy, -1, v, moved, true), gain[j]),
          dgain[j],
          2e-5);
    }
    float[] rmsDgain = new float[n];
    RmsNorm.best().forward(1, n, x, 0, gain, EPSILON, out, 0, inverse, 0);
    RmsNorm.best().backward(1, n, x, 0, dy, 0, gain, inverse, 0, dx, 0, rmsDgain, 0);
    for (int j = 0; j < n; j++) {
      int moved = j;
      assertEquals(
          RowwiseSamples.slope(v -> loss(x, gain, dy, moved, v, -1, false), x[j]), dx[j], 2e-5);
      assertEquals(
          RowwiseSamples.slope(v -> loss(x, gain, dy, -1, v, moved, false), gain[j]),
          rmsDgain[j],
          2e-5);
    }
  }

  private static double loss(
      float[] x,
      float[] gain,
      float[] dy,
      int movedX,
      double value,
      int movedGain,
      boolean center) {
    int n = x.length;
    double[] v = new double[n];
    double mean = 0;
    for (int i = 0; i < n; i++) {
      v[i] = i == movedX ? value : x[i];
      mean += v[i] / n;
    }
    double squares = 0;
    for (int i = 0; i < n; i++) {
      v[i] -= center ? mean : 0;
      squares += v[i] * v[i];
    }
    double loss = 0;
    for (int i = 0; i < n; i++) {
      loss += dy[i] * v[i] / Math.sqrt(squares / n + EPSILON) * (i == movedGain ? value : gain[i]);
    }
    return loss;
  }
}
