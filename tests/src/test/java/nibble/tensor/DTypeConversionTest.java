package nibble.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Reading and rounding of every dtype. */
class DTypeConversionTest {

  private static float through(DType dtype, float value) {
    return Tensor.scalar(value).to(dtype).item();
  }

  @Test
  void halfAgreesWithTheJdkForEveryCode() {
    for (int code = 0; code < 1 << 16; code++) {
      float value = Float.float16ToFloat((short) code);
      assertEquals(value, through(DType.F16, value));
    }
  }

  @Property(tries = 500)
  void halfRoundsAsTheJdk(@ForAll int bits) {
    float value = Float.intBitsToFloat(bits);
    assertEquals(Float.float16ToFloat(Float.floatToFloat16(value)), through(DType.F16, value));
  }

  @Property(tries = 500)
  void bfloat16RoundsHalfToEvenOnItsBits(@ForAll int bits) {
    float value = Float.intBitsToFloat(bits);
    int rounded =
        Float.floatToRawIntBits(value) + 0x7FFF + (Float.floatToRawIntBits(value) >>> 16 & 1);
    float expected = Float.isNaN(value) ? Float.NaN : Float.intBitsToFloat(rounded & 0xFFFF0000);
    assertEquals(expected, through(DType.BF16, value));
  }

  @Test
  void float8ConstantsOfTheSpecification() {
    assertEquals(448, Float8.fromE4M3((byte) 0x7E));
    assertEquals(-448, Float8.fromE4M3((byte) 0xFE));
    assertTrue(
        Float.isNaN(Float8.fromE4M3((byte) 0x7F)) && Float.isNaN(Float8.fromE4M3((byte) 0xFF)));
    assertEquals(0x1p-9f, Float8.fromE4M3((byte) 1)); // smallest subnormal
    assertEquals(0x1p-6f, Float8.fromE4M3((byte) 0x08)); // smallest normal
    assertEquals(57344, Float8.fromE5M2((byte) 0x7B));
    assertEquals(Float.POSITIVE_INFINITY, Float8.fromE5M2((byte) 0x7C));
    assertTrue(
        Float.isNaN(Float8.fromE5M2((byte) 0x7D)) && Float.isNaN(Float8.fromE5M2((byte) 0xFF)));
    assertEquals(0x1p-16f, Float8.fromE5M2((byte) 1));
    assertEquals(0x1p-14f, Float8.fromE5M2((byte) 0x04));
  }

  @Test
  void float8CodesSurviveARoundTrip() {
    for (int code = 0; code < 256; code++) {
      float e4m3 = Float8.fromE4M3((byte) code);
      assertEquals(
          Float.isNaN(e4m3) ? (byte) 0x7F : (byte) code, Float8.toE4M3(e4m3), "E4M3 " + code);
      float e5m2 = Float8.fromE5M2((byte) code);
      if (!Float.isNaN(e5m2)) {
        assertEquals((byte) code, Float8.toE5M2(e5m2), "E5M2 " + code);
      }
    }
  }

  @Property(tries = 500)
  void float8TakesTheNearestValueAndTheEvenCodeOnATie(
      @ForAll @FloatRange(min = -448, max = 448) float value) {
    for (float x : new float[] {value, value / 64, value / 16384}) {
      nearest(x, Float8.toE4M3(x), 0x7E);
    }
  }

  private static void nearest(float x, byte chosen, int largest) {
    double error = Math.abs((double) Float8.fromE4M3(chosen) - x);
    for (int code = 0; code <= largest; code++) {
      double other = Math.abs(Math.copySign((double) Float8.fromE4M3((byte) code), x) - x);
      assertTrue(
          error < other || error == other && ((chosen & 1) == 0 || (chosen & 0x7F) == code),
          x + " became " + chosen);
    }
  }

  @Test
  void float8Ties() {
    assertEquals(0x1p-9f * 2, Float8.fromE4M3(Float8.toE4M3(0x1p-9 * 1.5)));
    assertEquals(0, Float8.toE4M3(0x1p-10));
    assertEquals(16, Float8.fromE4M3(Float8.toE4M3(17)));
    assertEquals(20, Float8.fromE4M3(Float8.toE4M3(19)));
    assertEquals(
        448,
        Float8.fromE4M3(Float8.toE4M3(464))); // halfway to 480, which does not exist: 448 is even
    assertTrue(Float.isNaN(Float8.fromE4M3(Float8.toE4M3(465))));
    assertEquals(Float.NEGATIVE_INFINITY, Float8.fromE5M2(Float8.toE5M2(-1e6)));
  }

  @Test
  void doublesAreNotRoundedTwice() {
    double justAboveTie =
        1 + 0x1p-11 + 0x1p-40; // as a float it is the tie, which would go down to 1
    Tensor x =
        Tensor.ofSegment(
            MemorySegment.ofArray(new double[] {justAboveTie}), DType.F64, Shape.of(1));
    assertEquals(1 + 0x1p-10f, x.to(DType.F16).item());
  }

  @Test
  void integersRoundHalfToEvenAndSaturate() {
    Tensor x = Tensor.of(new float[] {0.5f, 1.5f, -2.5f, 300, -300, Float.NaN, 1e30f}, 7);
    assertArrayEquals(new float[] {0, 2, -2, 127, -128, 0, 127}, x.to(DType.I8).toFloats());
    assertArrayEquals(new float[] {0, 2, 0, 255, 0, 0, 255}, x.to(DType.U8).toFloats());
    assertArrayEquals(new float[] {0, 2, -2, 300, -300, 0, 32767}, x.to(DType.I16).toFloats());
    assertArrayEquals(
        new float[] {0, 2, -2, 300, -300, 0, Integer.MAX_VALUE}, x.to(DType.I32).toFloats());
    assertArrayEquals(
        new float[] {0, 2, -2, 300, -300, 0, Long.MAX_VALUE}, x.to(DType.I64).toFloats());
    assertArrayEquals(new float[] {1, 1, 1, 1, 1, 1, 1}, x.to(DType.BOOL).toFloats());
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void smallWholeNumbersSurviveEveryDtype(DType dtype) {
    Tensor x = Tensor.of(new float[] {0, 1, 1, 0}, 2, 2);
    assertArrayEquals(x.toFloats(), x.to(dtype).toFloats());
    assertArrayEquals(x.toFloats(), x.to(dtype).to(dtype).toF32().array());
    assertEquals(1, x.to(dtype).get(1, 0));
  }

  @Test
  void int64CopiesKeepEveryBit() {
    long value = (1L << 62) + 1;
    Tensor x = Tensor.ofSegment(MemorySegment.ofArray(new long[] {value}), DType.I64, Shape.of(1));
    assertEquals(value, x.to(DType.I64).segment().get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
  }
}
