package nibble.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Reading and writing single elements of any dtype. Indices count elements; memory is little-endian
 * and need not be aligned.
 */
final class Elements {
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(LE);
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LE);
  private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LE);
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LE);
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LE);
  private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;

  private Elements() {}

  static double read(MemorySegment data, DType dtype, long index) {
    long at = index * dtype.bytes();
    return switch (dtype) {
      case F64 -> data.get(F64, at);
      case F32 -> data.get(F32, at);
      case F16 -> Float.float16ToFloat(data.get(I16, at));
      case BF16 -> Float.intBitsToFloat(data.get(I16, at) << 16);
      case F8_E4M3 -> Float8.fromE4M3(data.get(I8, at));
      case F8_E5M2 -> Float8.fromE5M2(data.get(I8, at));
      case I64 -> data.get(I64, at);
      case I32 -> data.get(I32, at);
      case I16 -> data.get(I16, at);
      case I8 -> data.get(I8, at);
      case U8 -> data.get(I8, at) & 0xFF;
      case BOOL -> data.get(I8, at) != 0 ? 1 : 0;
    };
  }

  /**
   * Rounds half to even. Integers saturate and take NaN as 0; BOOL is true for everything but 0.
   */
  static void write(MemorySegment data, DType dtype, long index, double value) {
    long at = index * dtype.bytes();
    switch (dtype) {
      case F64 -> data.set(F64, at, value);
      case F32 -> data.set(F32, at, (float) value);
      case F16 -> data.set(I16, at, Float.floatToFloat16((float) Float8.round(value, 10, -14)));
      case BF16 -> data.set(I16, at, toBfloat16(value));
      case F8_E4M3 -> data.set(I8, at, Float8.toE4M3(value));
      case F8_E5M2 -> data.set(I8, at, Float8.toE5M2(value));
      case I64 -> data.set(I64, at, (long) Math.rint(value));
      case I32 -> data.set(I32, at, (int) Math.rint(value));
      case I16 -> data.set(I16, at, (short) saturated(value, Short.MIN_VALUE, Short.MAX_VALUE));
      case I8 -> data.set(I8, at, (byte) saturated(value, Byte.MIN_VALUE, Byte.MAX_VALUE));
      case U8 -> data.set(I8, at, (byte) saturated(value, 0, 255));
      case BOOL -> data.set(I8, at, (byte) (value != 0 ? 1 : 0));
    }
  }

  /** {@code count} consecutive elements as floats. */
  static void toFloats(MemorySegment data, DType dtype, long from, float[] out, int at, int count) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(data, F32, from * 4, out, at, count);
      case F16 -> {
        for (int i = 0; i < count; i++) {
          out[at + i] = Float.float16ToFloat(data.get(I16, (from + i) * 2));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          out[at + i] = Float.intBitsToFloat(data.get(I16, (from + i) * 2) << 16);
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          out[at + i] = (float) read(data, dtype, from + i);
        }
      }
    }
  }

  private static short toBfloat16(double value) {
    int bits = Float.floatToRawIntBits((float) Float8.round(value, 7, -126));
    boolean nan = Double.isNaN(value);
    return (short)
        (bits >>> 16
            | (nan ? 0x40 : 0)); // a NaN whose upper payload is zero must not turn into infinity
  }

  private static int saturated(double value, int min, int max) {
    return (int) Math.clamp(Math.rint(Double.isNaN(value) ? 0 : value), (double) min, (double) max);
  }
}
