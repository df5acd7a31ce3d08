package nibble.kernels.rowwise;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ActivationsTest {
  private static final float[] SPECIAL = {
    0f,
    -0f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    Float.MIN_VALUE,
    1e-20f,
    -1e-20f,
    88.7f,
    88.8f,
    -87.3f,
    -87.5f,
    -100f,
    -103.9f,
    -104.1f,
    100f,
    14f,
    -14f,
    1e30f,
    -1e30f
  };

  private final Activations vector = Activations.best();
  private final Activations scalar = new ScalarActivations();

  @ParameterizedTest
  @EnumSource
  void forwardIsCloseToTheTrueValue(Activation f) {
    float[] x = samples();
    float[] actual = new float[x.length];
    vector.forward(f, x.length, x, 0, actual, 0);
    for (int i = 0; i < x.length; i++) {
      check(
          ScalarActivations.value(f, x[i]),
          actual[i],
          f == Activation.EXP ? 2 : 4,
          f,
          x[i],
          relative(f),
          0x1p-22);
    }
  }

  @ParameterizedTest
  @EnumSource
  void backwardIsCloseToTheTrueDerivative(Activation f) {
    float[] x = samples();
    float[] ones = new float[x.length];
    Arrays.fill(ones, 1);
    float[] actual = new float[x.length];
    vector.backward(f, x.length, x, 0, ones, 0, actual, 0);
    for (int i = 0; i < x.length; i++) {
      check(
          ScalarActivations.derivative(f, x[i]),
          actual[i],
          2,
          f,
          x[i],
          f == Activation.EXP,
          0x1p-21);
    }
  }

  @ParameterizedTest
  @EnumSource
  void scalarDerivativeMatchesCentralDifferences(Activation f) {
    for (double x = -6.05; x < 6; x += 0.1) {
      double h = 1e-5;
      double difference =
          (ScalarActivations.value(f, x + h) - ScalarActivations.value(f, x - h)) / (2 * h);
      assertEquals(
          difference,
          ScalarActivations.derivative(f, x),
          1e-8 * (1 + Math.abs(difference)),
          f + " at " + x);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyLengthAndOffsetStaysInsideItsWindow(Activation f) {
    float[] x = new float[64];
    float[] dy = new float[64];
    Random random = new Random(3);
    for (int i = 0; i < 64; i++) {
      x[i] = (float) random.nextGaussian();
      dy[i] = (float) random.nextGaussian();
    }
    for (int count = 0; count <= 33; count++) {
      int offset = count % 5;
      float[] out = new float[64];
      Arrays.fill(out, 77f);
      vector.forward(f, count, x, offset, out, 3);
      float[] expected = new float[64];
      Arrays.fill(expected, 77f);
      scalar.forward(f, count, x, offset, expected, 3);
      RowwiseSamples.assertNear(expected, out, 0x1p-22);
      float[] inPlace = dy.clone();
      vector.backward(f, count, x, offset, inPlace, 2, inPlace, 2);
      float[] expectedInPlace = dy.clone();
      scalar.backward(f, count, x, offset, expectedInPlace, 2, expectedInPlace, 2);
      RowwiseSamples.assertNear(expectedInPlace, inPlace, 0x1p-20);
    }
  }

  @Test
  void errorFunctionMatchesPublishedValues() {
    // Abramowitz and Stegun, table 7.1; erfc(5) from its asymptotic series.
    assertEquals(0.5204998778, ErrorFunction.erf(0.5), 1e-10);
    assertEquals(0.8427007929, ErrorFunction.erf(1), 1e-10);
    assertEquals(0.9953222650, ErrorFunction.erf(2), 1e-10);
    assertEquals(1.5374597944280349e-12, ErrorFunction.erfc(5), 1e-26);
    assertEquals(1, ErrorFunction.erf(-1) + 1 + ErrorFunction.erf(1), 0);
    for (double x = 0.4; x < 4; x += 0.01) {
      assertEquals(1, ErrorFunction.erf(x) + ErrorFunction.erfc(x), 1e-15);
    }
  }

  /** Functions whose small values must be right in relative terms too. */
  private static boolean relative(Activation f) {
    return f == Activation.EXP || f == Activation.TANH || f == Activation.SIGMOID;
  }

  private static void check(
      double expected,
      float actual,
      int units,
      Activation f,
      float x,
      boolean relative,
      double absolute) {
    String where = f + " at " + x + ": " + actual + ", expected " + expected;
    float rounded = (float) expected;
    if (Float.isNaN(rounded) || Float.isInfinite(rounded) || Float.isInfinite(actual)) {
      assertEquals(rounded, actual, where);
      return;
    }
    double flushed = f == Activation.EXP ? 0 : Float.MIN_NORMAL;
    double bound =
        relative
            ? units * (double) Math.ulp(rounded) + flushed
            : absolute * Math.max(1, Math.abs((double) x));
    assertEquals(expected, actual, bound, where);
  }

  private static float[] samples() {
    Random random = new Random(1);
    float[] x = new float[20000 + SPECIAL.length];
    for (int i = 0; i < 20000; i++) {
      x[i] =
          (float)
              (random.nextGaussian() * (i % 4 == 0 ? 0.01 : i % 4 == 1 ? 1 : i % 4 == 2 ? 6 : 60));
    }
    System.arraycopy(SPECIAL, 0, x, 20000, SPECIAL.length);
    return x;
  }
}
