package nibble.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout.OfFloat;
import java.lang.foreign.ValueLayout.OfShort;
import java.nio.ByteOrder;
import nibble.kernels.gemm.Gemm.WeightType;

/**
 * A weight {@code [out, in]} as panels of {@link Tile#columns} output features, one after the
 * other, padded with zeros. In a panel the weights of one input feature stand together: 16-bit
 * weights in pairs of input features, as {@link Halves} reads them. Aligned to 64 bytes, so no
 * vector load crosses a cache line.
 */
record PackedPanels(MemorySegment panels, WeightType type, int out, int in)
    implements PackedMatrix {
  private static final int COLUMNS = Tile.BEST.columns();
  private static final int ALIGNMENT = 64;
  private static final int F16_EXPONENT = 0x7C00;
  private static final OfFloat FLOAT = JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final OfShort SHORT = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** F16 weights of which one is not finite become F32: {@link Halves} widens finite ones only. */
  static PackedPanels pack(
      MemorySegment weights, long byteOffset, WeightType type, int out, int in) {
    if (type == WeightType.F16 && !areFinite(weights, byteOffset, (long) out * in)) {
      return pack(widened(weights, byteOffset, out * in), 0, WeightType.F32, out, in);
    }
    MemorySegment panels =
        Arena.ofAuto().allocate(Math.max(ALIGNMENT, bytes(type, out, in)), ALIGNMENT);
    long evenIn = stepsOf(in);
    for (int first = 0; first < out; first += COLUMNS) {
      long to = (long) first * evenIn * type.bytes();
      long from = byteOffset + (long) first * in * type.bytes();
      int columns = Math.min(COLUMNS, out - first);
      if (type == WeightType.F32) {
        packFloats(weights, from, columns, in, panels, to);
      } else {
        packShorts(weights, from, columns, in, panels, to);
      }
    }
    return new PackedPanels(panels, type, out, in);
  }

  private static boolean areFinite(MemorySegment halves, long byteOffset, long count) {
    boolean areFinite = true;
    for (long i = 0; i < count; i++) {
      areFinite &= (halves.get(SHORT, byteOffset + 2 * i) & F16_EXPONENT) != F16_EXPONENT;
    }
    return areFinite;
  }

  private static MemorySegment widened(MemorySegment halves, long byteOffset, int count) {
    MemorySegment floats = Arena.ofAuto().allocate(FLOAT, count);
    for (int i = 0; i < count; i++) {
      floats.setAtIndex(FLOAT, i, Float.float16ToFloat(halves.get(SHORT, byteOffset + 2L * i)));
    }
    return floats;
  }

  private static void packFloats(
      MemorySegment weights, long from, int columns, int in, MemorySegment panels, long to) {
    for (int i = 0; i < in; i++) {
      for (int o = 0; o < columns; o++) {
        float value = weights.get(FLOAT, from + 4L * ((long) o * in + i));
        panels.set(JAVA_FLOAT, to + 4L * ((long) i * COLUMNS + o), value);
      }
    }
  }

  private static void packShorts(
      MemorySegment weights, long from, int columns, int in, MemorySegment panels, long to) {
    for (int i = 0; i < in; i += 2) {
      for (int o = 0; o < columns; o++) {
        long at = from + 2L * ((long) o * in + i);
        int low = weights.get(SHORT, at) & 0xFFFF;
        int high = i + 1 < in ? weights.get(SHORT, at + 2) : 0;
        panels.set(JAVA_INT, to + 2L * i * COLUMNS + 4L * o, high << 16 | low);
      }
    }
  }

  /** Number of panels for {@code n} columns. */
  static int count(int n) {
    return Math.ceilDiv(n, COLUMNS);
  }

  static long bytes(WeightType type, int n, int k) {
    return (long) count(n) * COLUMNS * stepsOf(k) * type.bytes();
  }

  /**
   * Steps of a panel: an even number, since tiles take two at a time and 16-bit weights come in
   * pairs; the last one may be zeros.
   */
  static long stepsOf(int k) {
    return (long) k + (k & 1);
  }

  @Override
  public long bytes() {
    return bytes(type, out, in);
  }
}
