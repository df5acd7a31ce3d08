package nibble.kernels.gemm;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.gemm.Gemm.WeightType;
import nibble.kernels.platform.Lanes;

/**
 * Widens packed 16-bit weights. A packed int holds two weights of one column: the one of an even step in its low half and the one of the
 * next step in its high half, so one load gives a vector for each of two steps without moving a value to another lane.
 */
final class Halves {
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final int F16_TO_F32_EXPONENT = (127 - 15) << 23;
  private static final int SIGN = 0x8000_0000;

  /** Largest bits of a finite F16 after the exponent was moved. */
  private static final int F16_LARGEST_FINITE = 0x477F_E000;

  private Halves() {}

  static FloatVector lowBf16(IntVector pairs) {
    return pairs.lanewise(LSHL, 16).reinterpretAsFloats();
  }

  static FloatVector highBf16(IntVector pairs) {
    return pairs.and(0xFFFF_0000).reinterpretAsFloats();
  }

  static FloatVector lowF16(IntVector pairs) {
    return highF16(pairs.lanewise(LSHL, 16));
  }

  /** Exact for every F16: normal, subnormal, zero, infinite, not a number. */
  static FloatVector highF16(IntVector pairs) {
    IntVector magnitude = repaired(pairs.and(0x7FFF_0000).lanewise(LSHR, 3).add(F16_TO_F32_EXPONENT));
    return magnitude.or(pairs.and(SIGN)).reinterpretAsFloats();
  }

  /**
   * {@code f}, the F16 bits read with an F32 exponent, is right for normal numbers. A subnormal {@code m 2^-24} shows up as {@code 2^-15 +
   * m 2^-25}, so {@code 2 f - 2^-14} is right there; it is the smaller of the two for subnormals only. Bits of floats that are not negative
   * compare like ints.
   */
  private static IntVector repaired(IntVector f) {
    FloatVector x = f.reinterpretAsFloats();
    return withInfinities(f, x.add(x).sub(0x1p-14f).reinterpretAsInts().min(f));
  }

  private static IntVector withInfinities(IntVector f, IntVector finite) {
    IntVector special = (IntVector) f.compare(GT, F16_LARGEST_FINITE).toVector();
    return finite.or(special.and(F16_TO_F32_EXPONENT));
  }

  /** Widens the first {@code steps} steps, an odd number rounded up, of a panel at byte {@code at} into {@code out} from its start. */
  static void widen(WeightType type, int columns, MemorySegment packed, long at, int steps, MemorySegment out) {
    int pairs = Math.ceilDiv(steps, 2);
    for (int j = 0; j < columns; j += Lanes.FLOATS) { // the long loop inside: a panel is only a few vectors wide
      if (type == WeightType.BF16) {
        widenBf16(packed, at + 4L * j, pairs, 4L * columns, out, 4L * j);
      } else {
        widenF16(packed, at + 4L * j, pairs, 4L * columns, out, 4L * j);
      }
    }
  }

  private static void widenBf16(MemorySegment packed, long from, int count, long row, MemorySegment out, long to) {
    for (int i = 0; i < count; i++) {
      IntVector pairs = IntVector.fromMemorySegment(I, packed, from + i * row, ORDER);
      lowBf16(pairs).intoMemorySegment(out, to + 2 * i * row, ORDER);
      highBf16(pairs).intoMemorySegment(out, to + (2 * i + 1) * row, ORDER);
    }
  }

  private static void widenF16(MemorySegment packed, long from, int count, long row, MemorySegment out, long to) {
    for (int i = 0; i < count; i++) {
      IntVector pairs = IntVector.fromMemorySegment(I, packed, from + i * row, ORDER);
      lowF16(pairs).intoMemorySegment(out, to + 2 * i * row, ORDER);
      highF16(pairs).intoMemorySegment(out, to + (2 * i + 1) * row, ORDER);
    }
  }
}
