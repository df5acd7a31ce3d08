package nibble.kernels.rowwise;

import static nibble.kernels.rowwise.RowwiseSamples.MARGIN;
import static nibble.kernels.rowwise.RowwiseSamples.assertMarginsKept;
import static nibble.kernels.rowwise.RowwiseSamples.normal;
import static nibble.kernels.rowwise.RowwiseSamples.padded;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class QuantizeTest {
  private final Quantize vector = Quantize.best();
  private final Quantize scalar = new ScalarQuantize();

  @Property(tries = 150)
  void equalsTheScalarKernel(
      @ForAll @IntRange(min = 1, max = 3) int rows,
      @ForAll @IntRange(min = 1, max = 70) int columns,
      @ForAll @IntRange(min = 1, max = 70) int groupSize,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean signed,
      @ForAll boolean zeros,
      @ForAll long seed) {
    CodeRange range = signed ? CodeRange.signed(bits) : CodeRange.unsigned(bits);
    int groups = (columns + groupSize - 1) / groupSize;
    float[] x = padded(ties(normal(rows * columns, seed)));
    float[] s = new float[rows * groups];
    float[] z = new float[rows * groups];
    float[] vectorS = new float[rows * groups];
    float[] vectorZ = new float[rows * groups];
    scalar.asymmetricScales(rows, columns, groupSize, x, MARGIN, range, 0.9f, s, 0, z, 0);
    vector.asymmetricScales(
        rows, columns, groupSize, x, MARGIN, range, 0.9f, vectorS, 0, vectorZ, 0);
    assertArrayEquals(s, vectorS);
    assertArrayEquals(z, vectorZ);
    if (!zeros) {
      scalar.symmetricScales(rows, columns, groupSize, x, MARGIN, range, 1, s, 0);
      vector.symmetricScales(rows, columns, groupSize, x, MARGIN, range, 1, vectorS, 0);
      assertArrayEquals(s, vectorS);
      z = null;
    }

    byte[] expectedBytes = new byte[rows * columns + 2];
    byte[] actualBytes = new byte[rows * columns + 2];
    scalar.toBytes(rows, columns, groupSize, x, MARGIN, s, 0, z, 0, range, expectedBytes, 1);
    vector.toBytes(rows, columns, groupSize, x, MARGIN, s, 0, z, 0, range, actualBytes, 1);
    assertArrayEquals(expectedBytes, actualBytes);

    float[] expected = padded(new float[rows * columns]);
    float[] actual = expected.clone();
    scalar.toFloats(rows, columns, groupSize, x, MARGIN, s, 0, z, 0, range, expected, MARGIN);
    vector.toFloats(rows, columns, groupSize, x, MARGIN, s, 0, z, 0, range, actual, MARGIN);
    assertArrayEquals(expected, actual);
    assertMarginsKept(actual);

    float[] dequantized = padded(new float[rows * columns]);
    scalar.dequantize(
        rows, columns, groupSize, expectedBytes, 1, s, 0, z, 0, range, expected, MARGIN);
    vector.dequantize(
        rows, columns, groupSize, expectedBytes, 1, s, 0, z, 0, range, dequantized, MARGIN);
    assertArrayEquals(expected, dequantized);
    assertMarginsKept(dequantized);

    float[] fake = x.clone();
    vector.fakeQuantize(rows, columns, groupSize, fake, MARGIN, s, 0, z, 0, range, fake, MARGIN);
    assertArrayEquals(dequantized, fake, "quantize then dequantize is fake quantize");
    float[] again = fake.clone();
    vector.fakeQuantize(rows, columns, groupSize, again, MARGIN, s, 0, z, 0, range, again, MARGIN);
    assertArrayEquals(fake, again, "idempotent");
  }

  @Property(tries = 60)
  void columnScalesEqualTheScalarKernel(
      @ForAll @IntRange(min = 1, max = 3) int rows,
      @ForAll @IntRange(min = 1, max = 40) int columns,
      @ForAll boolean zeros,
      @ForAll long seed) {
    float[] x = padded(normal(rows * columns, seed));
    float[] s = normal(columns, seed + 1);
    float[] z = zeros ? new float[columns] : null;
    for (int i = 0; i < columns; i++) {
      s[i] = Math.abs(s[i]) + 0.01f;
      if (z != null) {
        z[i] = i % 16;
      }
    }
    float[] expected = x.clone();
    float[] actual = x.clone();
    scalar.fakeQuantizeColumns(
        rows, columns, expected, MARGIN, s, 0, z, 0, CodeRange.unsigned(4), expected, MARGIN);
    vector.fakeQuantizeColumns(
        rows, columns, actual, MARGIN, s, 0, z, 0, CodeRange.unsigned(4), actual, MARGIN);
    assertArrayEquals(expected, actual);
    assertMarginsKept(actual);
  }

  @Test
  void asymmetricGridHoldsZeroAndStaysWithinHalfAStep() {
    CodeRange range = CodeRange.unsigned(4);
    float[] x = normal(128, 4);
    x[7] = 0;
    float[] s = new float[1];
    float[] z = new float[1];
    vector.asymmetricScales(1, 128, 128, x, 0, range, 1, s, 0, z, 0);
    float[] out = new float[128];
    vector.fakeQuantize(1, 128, 128, x, 0, s, 0, z, 0, range, out, 0);
    assertEquals(0f, out[7]);
    float lowest = s[0] * (0 - z[0]);
    float highest = s[0] * (15 - z[0]);
    for (int i = 0; i < 128; i++) {
      if (x[i] >= lowest && x[i] <= highest) {
        assertTrue(Math.abs(x[i] - out[i]) <= s[0] / 2 * (1 + 0x1p-20f));
      }
    }
  }

  @Test
  void tiesGoToEvenAndCornerGroupsHaveScales() {
    float[] x = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 100, -100, Float.NaN};
    for (Quantize quantize : new Quantize[] {scalar, vector}) {
      byte[] codes = new byte[9];
      quantize.toBytes(1, 9, 9, x, 0, new float[] {1}, 0, null, 0, CodeRange.signed(4), codes, 0);
      assertArrayEquals(new byte[] {0, 2, 2, 0, -2, -2, 7, -8, 0}, codes);
      float[] s = new float[1];
      float[] z = new float[1];
      quantize.symmetricScales(1, 9, 9, new float[9], 0, CodeRange.signed(4), 1, s, 0);
      assertEquals(1 / 7f, s[0]);
      quantize.asymmetricScales(1, 9, 9, new float[9], 0, CodeRange.unsigned(4), 1, s, 0, z, 0);
      assertEquals(2 / 15f, s[0]);
      assertEquals(7f, z[0], "in float, 1 / (2 / 15) is below 7.5");
      float[] tiny = {Float.MIN_VALUE};
      quantize.symmetricScales(1, 1, 1, tiny, 0, CodeRange.signed(8), 1, s, 0);
      assertEquals(Float.MIN_NORMAL, s[0]);
      quantize.symmetricScales(1, 9, 9, x, 0, CodeRange.signed(8), 1, s, 0);
      assertTrue(Float.isNaN(s[0]));
    }
    assertThrows(IllegalArgumentException.class, () -> new CodeRange(-1, 128));
    assertThrows(IllegalArgumentException.class, () -> CodeRange.signed(9));
    assertThrows(
        IllegalArgumentException.class,
        () -> vector.symmetricScales(1, 4, 0, x, 0, CodeRange.signed(4), 1, new float[1], 0));
  }

  /** Every third value half way between two multiples of 1/8. */
  private static float[] ties(float[] x) {
    for (int i = 0; i < x.length; i += 3) {
      x[i] = (float) Math.rint(x[i] * 8) / 8 + 1 / 16f;
    }
    return x;
  }
}
