package nibble.loaders.gguf;

import static nibble.loaders.gguf.Bits.half;
import static nibble.loaders.gguf.Bits.unsigned;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Blocks of 256 values, in sub-blocks of 16 or 32 with a small integer scale each, and F16 numbers
 * {@code d} and {@code dmin} for all:
 *
 * <pre>{@code
 * Q2_K  16 bytes of scale | min << 4, 64 bytes of 2-bit codes, d, dmin              d scale q - dmin min
 * Q3_K  32 bytes of third bits, 64 bytes of 2-bit codes, 12 bytes of scales, d      d (scale - 32) (q - 4)
 * Q4_K  d, dmin, 12 bytes of scales and mins, 128 bytes of nibbles                  d scale q - dmin min
 * Q5_K  d, dmin, 12 bytes of scales and mins, 32 bytes of fifth bits, 128 bytes     d scale q - dmin min
 * Q6_K  128 bytes of nibbles, 64 bytes of 2 upper bits, 16 signed scales, d         d scale (q - 32)
 * }</pre>
 */
final class SuperBlocks {
  private static final int VALUES = 256;

  private SuperBlocks() {}

  static void q2k(MemorySegment data, long at, float[] out, int to) {
    float d = half(data, at + 80);
    float dmin = half(data, at + 82);
    for (int i = 0; i < VALUES; i++) {
      int scale = unsigned(data, at + i / 16);
      out[to + i] = d * (scale & 0xF) * twoBits(data, at + 16, i) - dmin * (scale >>> 4);
    }
  }

  /**
   * Codes of 2 bits: each run of 32 bytes holds 128 values, value {@code 32 k + l} in bits {@code 2
   * k} of byte {@code l}.
   */
  private static int twoBits(MemorySegment data, long at, int i) {
    return unsigned(data, at + i / 128 * 32L + i % 32) >>> i % 128 / 32 * 2 & 3;
  }

  static void q3k(MemorySegment data, long at, float[] out, int to) {
    float d = half(data, at + 108);
    for (int i = 0; i < VALUES; i++) {
      out[to + i] = d * q3Scale(data, at + 96, i / 16) * q3Code(data, at, i);
    }
  }

  static void q3kCodes(
      MemorySegment data, long at, byte[] codes, int toCode, float[] scales, int toScale) {
    float d = half(data, at + 108);
    for (int j = 0; j < VALUES / 16; j++) {
      scales[toScale + j] = d * q3Scale(data, at + 96, j);
    }
    for (int i = 0; i < VALUES; i++) {
      codes[toCode + i] = (byte) q3Code(data, at, i);
    }
  }

  private static int q3Code(MemorySegment data, long at, int i) {
    int third = unsigned(data, at + i % 32) >>> i / 32 & 1;
    return (twoBits(data, at + 32, i) | third << 2) - 4;
  }

  /**
   * Scale {@code j} of 16: its lower 4 bits are a nibble of the first 8 bytes, its upper 2 bits lie
   * in the last 4.
   */
  private static int q3Scale(MemorySegment data, long at, int j) {
    int low = unsigned(data, at + j % 8) >>> j / 8 * 4 & 0xF;
    int high = unsigned(data, at + 8 + j % 4) >>> j / 4 * 2 & 3;
    return (low | high << 4) - 32;
  }

  static void q4k(MemorySegment data, long at, float[] out, int to) {
    float d = half(data, at);
    float dmin = half(data, at + 2);
    for (int i = 0; i < VALUES; i++) {
      int sub = i / 32;
      out[to + i] =
          d * scale(data, at + 4, sub) * nibble(data, at + 16, i) - dmin * min(data, at + 4, sub);
    }
  }

  static void q5k(MemorySegment data, long at, float[] out, int to) {
    float d = half(data, at);
    float dmin = half(data, at + 2);
    for (int i = 0; i < VALUES; i++) {
      int sub = i / 32;
      int fifth = unsigned(data, at + 16 + i % 32) >>> sub & 1;
      out[to + i] =
          d * scale(data, at + 4, sub) * (nibble(data, at + 48, i) | fifth << 4)
              - dmin * min(data, at + 4, sub);
    }
  }

  /** Codes of 4 bits: each run of 32 bytes holds 64 values, the first 32 in the low nibbles. */
  private static int nibble(MemorySegment data, long at, int i) {
    return unsigned(data, at + i / 64 * 32L + i % 32) >>> i / 32 % 2 * 4 & 0xF;
  }

  /**
   * Scale {@code j} of 8, 6 bits: the first 4 are in the low bits of bytes 0 to 3, the others have
   * their upper 2 bits there.
   */
  private static int scale(MemorySegment data, long at, int j) {
    return j < 4
        ? unsigned(data, at + j) & 63
        : unsigned(data, at + j + 4) & 0xF | unsigned(data, at + j - 4) >>> 6 << 4;
  }

  /**
   * Minimum {@code j} of 8, stored like the scales, in bytes 4 to 7 and the high nibbles of bytes 8
   * to 11.
   */
  private static int min(MemorySegment data, long at, int j) {
    return j < 4
        ? unsigned(data, at + j + 4) & 63
        : unsigned(data, at + j + 4) >>> 4 | unsigned(data, at + j) >>> 6 << 4;
  }

  static void q6k(MemorySegment data, long at, float[] out, int to) {
    float d = half(data, at + 208);
    for (int i = 0; i < VALUES; i++) {
      out[to + i] = d * data.get(ValueLayout.JAVA_BYTE, at + 192 + i / 16) * q6Code(data, at, i);
    }
  }

  static void q6kCodes(
      MemorySegment data, long at, byte[] codes, int toCode, float[] scales, int toScale) {
    float d = half(data, at + 208);
    for (int j = 0; j < VALUES / 16; j++) {
      scales[toScale + j] = d * data.get(ValueLayout.JAVA_BYTE, at + 192 + j);
    }
    for (int i = 0; i < VALUES; i++) {
      codes[toCode + i] = (byte) q6Code(data, at, i);
    }
  }

  /**
   * Of 128 values, the first 64 are low nibbles of 64 bytes, the others their high nibbles; the
   * upper bits are stored like codes of 2 bits.
   */
  private static int q6Code(MemorySegment data, long at, int i) {
    int low = unsigned(data, at + i / 128 * 64L + i % 64) >>> i % 128 / 64 * 4 & 0xF;
    return (low | twoBits(data, at + 128, i) << 4) - 32;
  }
}
