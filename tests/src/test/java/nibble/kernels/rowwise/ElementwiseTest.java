package nibble.kernels.rowwise;

import static nibble.kernels.rowwise.RowwiseSamples.MARGIN;
import static nibble.kernels.rowwise.RowwiseSamples.assertMarginsKept;
import static nibble.kernels.rowwise.RowwiseSamples.normal;
import static nibble.kernels.rowwise.RowwiseSamples.padded;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

/**
 * Element-by-element kernels are equal to the bit; reductions within n units of the sum of absolute
 * values.
 */
class ElementwiseTest {
  private static final int LONGEST = 67;

  /** One operation of {@link Elementwise} on {@code count} elements. */
  private interface Operation {
    void run(Elementwise e, int count, float[] a, float[] b, float[] out);
  }

  @Test
  void equalsTheScalarKernelAtEveryLength() {
    check((e, n, a, b, out) -> e.add(n, a, 1, b, 2, out, MARGIN));
    check((e, n, a, b, out) -> e.sub(n, a, 1, b, 2, out, MARGIN));
    check((e, n, a, b, out) -> e.mul(n, a, 1, b, 2, out, MARGIN));
    check((e, n, a, b, out) -> e.div(n, a, 1, b, 2, out, MARGIN));
    check((e, n, a, b, out) -> e.multiplyAdd(n, a, 1, b, 2, out, MARGIN));
    check((e, n, a, b, out) -> e.axpy(n, 0.3f, a, 1, out, MARGIN));
    check((e, n, a, b, out) -> e.scale(n, 0.3f, a, 1, out, MARGIN));
    check((e, n, a, b, out) -> e.addRow(n / 3, 3, a, 1, b, 2, out, MARGIN));
    check((e, n, a, b, out) -> e.mulRow(1, n, a, 1, b, 2, out, MARGIN));
    check((e, n, a, b, out) -> e.transpose(n / 2, 2, a, 1, 2, out, MARGIN, n / 2));
    check((e, n, a, b, out) -> e.add(n, out, MARGIN, out, MARGIN, out, MARGIN));
  }

  private static void check(Operation operation) {
    float[] a = normal(LONGEST + 5, 1);
    float[] b = normal(LONGEST + 5, 2);
    for (int count = 0; count <= LONGEST; count++) {
      float[] expected = padded(normal(count, 3));
      float[] actual = expected.clone();
      operation.run(new ScalarElementwise(), count, a, b, expected);
      operation.run(Elementwise.best(), count, a, b, actual);
      assertArrayEquals(expected, actual);
      assertMarginsKept(actual);
    }
  }

  @Test
  void transposesBlocksWithStrides() {
    int rows = 35;
    int columns = 21;
    float[] x = normal(rows * 40 + 3, 1);
    float[] out = new float[columns * 50 + 2];
    Elementwise.best().transpose(rows, columns, x, 3, 40, out, 2, 50);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        assertEquals(x[3 + r * 40 + c], out[2 + c * 50 + r]);
      }
    }
  }

  @Test
  void reductionsAgreeAtEveryLength() {
    Reductions scalar = new ScalarReductions();
    Reductions vector = Reductions.best();
    float[] a = normal(LONGEST + 5, 1);
    float[] b = normal(LONGEST + 5, 2);
    for (int n = 0; n <= LONGEST; n++) {
      double bound = (n + 1) * 0x1p-23 * 4 * n;
      assertEquals(scalar.sum(n, a, 3), vector.sum(n, a, 3), bound);
      assertEquals(scalar.dot(n, a, 3, b, 1), vector.dot(n, a, 3, b, 1), bound);
      assertEquals(scalar.sumOfSquares(n, a, 3), vector.sumOfSquares(n, a, 3), bound);
      assertEquals(
          scalar.squaredDistance(n, a, 3, b, 1), vector.squaredDistance(n, a, 3, b, 1), 2 * bound);
      assertEquals(scalar.maxAbs(n, a, 3), vector.maxAbs(n, a, 3));
      assertEquals(scalar.min(n, a, 3), vector.min(n, a, 3));
      assertEquals(scalar.max(n, a, 3), vector.max(n, a, 3));
      for (int at = 0; at < n; at++) {
        float[] broken = a.clone();
        broken[3 + at] = Float.NaN;
        assertEquals(Float.NaN, vector.max(n, broken, 3));
        assertEquals(Float.NaN, vector.min(n, broken, 3));
        assertEquals(Float.NaN, vector.maxAbs(n, broken, 3));
        assertEquals(Float.NaN, vector.sum(n, broken, 3));
      }
    }
  }

  @Test
  void columnReductionsAgree() {
    Reductions scalar = new ScalarReductions();
    Reductions vector = Reductions.best();
    for (int columns = 1; columns < 36; columns++) {
      for (int rows : new int[] {0, 1, 4, 7}) {
        float[] x = normal(rows * columns, columns);
        float[] expected = padded(normal(columns, 9));
        float[] actual = expected.clone();
        scalar.addColumnSums(rows, columns, x, 0, expected, MARGIN);
        vector.addColumnSums(rows, columns, x, 0, actual, MARGIN);
        RowwiseSamples.assertNear(expected, actual, 32 * 0x1p-23);
        assertMarginsKept(actual);
        float[] expectedHigh = expected.clone();
        float[] actualHigh = expected.clone();
        actual = expected.clone();
        scalar.columnMinMax(rows, columns, x, 0, expected, MARGIN, expectedHigh, MARGIN);
        vector.columnMinMax(rows, columns, x, 0, actual, MARGIN, actualHigh, MARGIN);
        assertArrayEquals(expected, actual);
        assertArrayEquals(expectedHigh, actualHigh);
        scalar.columnMaxAbs(rows, columns, x, 0, expected, MARGIN);
        vector.columnMaxAbs(rows, columns, x, 0, actual, MARGIN);
        assertArrayEquals(expected, actual);
      }
    }
  }

  @Test
  void adamWIsEqualToTheBitAndFollowsTheFormula() {
    for (int n = 0; n < 40; n++) {
      float[][] expected = {
        padded(normal(n, 1)), padded(normal(n, 2)), padded(normal(n, 3)), padded(new float[n])
      };
      float[][] actual = {
        expected[0].clone(), expected[1].clone(), expected[2].clone(), expected[3].clone()
      };
      for (int t = 1; t < 4; t++) {
        AdamW.Step step = new AdamW.Step(1e-2, 0.9, 0.999, 1e-8, 0.1, t);
        new ScalarAdamW()
            .update(
                step,
                n,
                expected[0],
                MARGIN,
                expected[1],
                MARGIN,
                expected[2],
                MARGIN,
                expected[3],
                MARGIN);
        AdamW.best()
            .update(
                step, n, actual[0], MARGIN, actual[1], MARGIN, actual[2], MARGIN, actual[3],
                MARGIN);
      }
      for (int k = 0; k < 4; k++) {
        assertArrayEquals(expected[k], actual[k]);
      }
    }
    // First step from zero moments: the corrected moments are g and g^2, so the weight moves by the
    // rate against the sign of g.
    float[] w = {1, 1};
    AdamW.best()
        .update(
            new AdamW.Step(0.1, 0.9, 0.999, 0, 0.5, 1),
            2,
            w,
            0,
            new float[] {3, -2},
            0,
            new float[2],
            0,
            new float[2],
            0);
    assertArrayEquals(new float[] {0.85f, 1.05f}, w, 1e-6f);
    assertThrows(IllegalArgumentException.class, () -> new AdamW.Step(0.1, 0.9, 0.999, 0, 0, 0));
  }
}
