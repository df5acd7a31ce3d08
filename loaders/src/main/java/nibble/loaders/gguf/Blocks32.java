package nibble.loaders.gguf;

import static nibble.loaders.gguf.Bits.half;
import static nibble.loaders.gguf.Bits.unsigned;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Blocks of 32 values with one F16 scale {@code d}, and for the types ending in 1 an F16 offset
 * {@code m}:
 *
 * <pre>{@code
 * Q4_0  d, 16 bytes of nibbles               d (q - 8)
 * Q4_1  d, m, 16 bytes of nibbles            d q + m
 * Q5_0  d, 32 fifth bits, 16 bytes           d (q - 16)
 * Q5_1  d, m, 32 fifth bits, 16 bytes        d q + m
 * Q8_0  d, 32 signed bytes                   d q
 * }</pre>
 *
 * Byte j holds value j in its low nibble and value j + 16 in its high nibble.
 */
final class Blocks32 {
  private static final int VALUES = 32;
  private static final int HALF = 16;

  private Blocks32() {}

  static void q40(MemorySegment data, long at, float[] out, int to) {
    float d = half(data, at);
    for (int j = 0; j < VALUES; j++) {
      out[to + j] = d * (nibble(data, at + 2, j) - 8);
    }
  }

  static void q40Codes(
      MemorySegment data, long at, byte[] codes, int toCode, float[] scales, int toScale) {
    scales[toScale] = half(data, at);
    for (int j = 0; j < VALUES; j++) {
      codes[toCode + j] = (byte) (nibble(data, at + 2, j) - 8);
    }
  }

  static void q41(MemorySegment data, long at, float[] out, int to) {
    float d = half(data, at);
    float m = half(data, at + 2);
    for (int j = 0; j < VALUES; j++) {
      out[to + j] = d * nibble(data, at + 4, j) + m;
    }
  }

  static void q50(MemorySegment data, long at, float[] out, int to) {
    float d = half(data, at);
    for (int j = 0; j < VALUES; j++) {
      out[to + j] = d * (fiveBits(data, at + 2, j) - 16);
    }
  }

  static void q50Codes(
      MemorySegment data, long at, byte[] codes, int toCode, float[] scales, int toScale) {
    scales[toScale] = half(data, at);
    for (int j = 0; j < VALUES; j++) {
      codes[toCode + j] = (byte) (fiveBits(data, at + 2, j) - 16);
    }
  }

  static void q51(MemorySegment data, long at, float[] out, int to) {
    float d = half(data, at);
    float m = half(data, at + 2);
    for (int j = 0; j < VALUES; j++) {
      out[to + j] = d * fiveBits(data, at + 4, j) + m;
    }
  }

  static void q80(MemorySegment data, long at, float[] out, int to) {
    float d = half(data, at);
    for (int j = 0; j < VALUES; j++) {
      out[to + j] = d * data.get(ValueLayout.JAVA_BYTE, at + 2 + j);
    }
  }

  static void q80Codes(
      MemorySegment data, long at, byte[] codes, int toCode, float[] scales, int toScale) {
    scales[toScale] = half(data, at);
    MemorySegment.copy(data, ValueLayout.JAVA_BYTE, at + 2, codes, toCode, VALUES);
  }

  private static int nibble(MemorySegment data, long at, int j) {
    return j < HALF ? unsigned(data, at + j) & 0xF : unsigned(data, at + j - HALF) >>> 4;
  }

  private static int fiveBits(MemorySegment data, long at, int j) {
    return nibble(data, at + 4, j) | (data.get(Bits.INT, at) >>> j & 1) << 4;
  }
}
