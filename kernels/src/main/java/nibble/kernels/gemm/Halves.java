package nibble.kernels.gemm;

import static jdk.incubator.vector.VectorOperators.ASHR;
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
  private static final int COLUMNS = Tile.BEST.columns();
  private static final long ROW = 4L * COLUMNS; // bytes of one step of a widened panel, and of a pair of steps of a packed one

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

  /**
   * Exact for every F16: normal, subnormal, zero, infinite, not a number. The F16 bits {@code f} read with an F32 exponent are right for
   * normal numbers. A subnormal {@code m 2^-24} shows up as {@code 2^-15 + m 2^-25}, so {@code 2 f - 2^-14} is right there; it is the
   * smaller of the two for subnormals only, and bits of floats that are not negative compare like ints.
   */
  static FloatVector highF16(IntVector pairs) {
    IntVector f = pairs.and(0x7FFF_0000).lanewise(LSHR, 3).add(F16_TO_F32_EXPONENT);
    FloatVector x = f.reinterpretAsFloats();
    IntVector finite = x.add(x).sub(0x1p-14f).reinterpretAsInts().min(f);
    IntVector special = IntVector.broadcast(I, F16_LARGEST_FINITE).sub(f).lanewise(ASHR, 31); // all bits where f is above
    return finite.or(special.and(F16_TO_F32_EXPONENT)).or(pairs.and(SIGN)).reinterpretAsFloats();
  }

  /** Widens the first {@code steps} steps, an odd number rounded up, of a panel at byte {@code at} into {@code out} from its start. */
  static void widen(WeightType type, MemorySegment packed, long at, int steps, MemorySegment out) {
    int pairs = Math.ceilDiv(steps, 2);
    for (int j = 0; j < COLUMNS; j += Lanes.FLOATS) { // the long loop inside: a panel is only a few vectors wide
      if (type == WeightType.BF16) {
        widenBf16(packed, at + 4L * j, pairs, out, 4L * j);
      } else {
        widenF16(packed, at + 4L * j, pairs, out, 4L * j);
      }
    }
  }

  private static void widenBf16(MemorySegment packed, long from, int count, MemorySegment out, long to) {
    for (int i = 0; i < count; i++) {
      IntVector pairs = IntVector.fromMemorySegment(I, packed, from + i * ROW, ORDER);
      lowBf16(pairs).intoMemorySegment(out, to + i * (2 * ROW), ORDER);
      highBf16(pairs).intoMemorySegment(out, to + i * (2 * ROW) + ROW, ORDER);
    }
  }

  private static void widenF16(MemorySegment packed, long from, int count, MemorySegment out, long to) {
    for (int i = 0; i < count; i++) {
      IntVector pairs = IntVector.fromMemorySegment(I, packed, from + i * ROW, ORDER);
      lowF16(pairs).intoMemorySegment(out, to + i * (2 * ROW), ORDER);
      highF16(pairs).intoMemorySegment(out, to + i * (2 * ROW) + ROW, ORDER);
    }
  }
}
