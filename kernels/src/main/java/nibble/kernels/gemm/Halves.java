package nibble.kernels.gemm;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.gemm.Gemm.WeightType;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/**
 * Widens packed 16-bit weights. A packed int holds two weights of one column: the one of an even
 * step in its low half and the one of the next step in its high half, so one load gives a vector
 * for each of two steps without moving a value to another lane.
 */
final class Halves {
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int COLUMNS = Tile.BEST.columns();
  private static final int VECTORS = COLUMNS / Lanes.FLOATS; // of one step
  private static final int VECTOR = 4 * Lanes.FLOATS; // bytes
  private static final long ROW =
      4L * COLUMNS; // bytes of one step of a widened panel, and of a pair of steps of a packed one

  /** Sign, and the exponent and fraction of an F16 where those of an F32 end. */
  private static final int F16_IN_F32 = 0x8FFF_E000;

  /** Difference of the exponents' biases, as a factor. */
  private static final float F16_TO_F32 = 0x1p112f;

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
   * Exact for every finite F16: its bits, read as an F32 with a too small exponent, times a power
   * of two. Subnormal numbers are subnormal in F32 until they are multiplied, which takes longer on
   * some processors but is exact too. {@link PackedPanels} keeps no other values in F16.
   */
  static FloatVector highF16(IntVector pairs) {
    return pairs.lanewise(ASHR, 3).and(F16_IN_F32).reinterpretAsFloats().mul(F16_TO_F32);
  }

  /**
   * Widens the first {@code steps} steps, an odd number rounded up, of a panel at byte {@code at}
   * into {@code out} from its start.
   */
  static void widen(WeightType type, MemorySegment packed, long at, int steps, MemorySegment out) {
    int vectors = Math.ceilDiv(steps, 2) * VECTORS;
    if (type == WeightType.BF16) {
      widenBf16(packed, at, vectors, out);
    } else {
      widenF16(packed, at, vectors, out);
    }
  }

  // One loop over all vectors, in the order in which they lie in memory: the hardware reads ahead
  // of it.

  private static void widenBf16(MemorySegment packed, long from, int vectors, MemorySegment out) {
    packed = NativeSegments.offHeap(packed);
    out = NativeSegments.offHeap(out);
    for (int v = 0; v < vectors; v++) {
      IntVector pairs = IntVector.fromMemorySegment(I, packed, from + (long) v * VECTOR, ORDER);
      long to = (long) (v + v / VECTORS * VECTORS) * VECTOR;
      lowBf16(pairs).intoMemorySegment(out, to, ORDER);
      highBf16(pairs).intoMemorySegment(out, to + ROW, ORDER);
    }
  }

  private static void widenF16(MemorySegment packed, long from, int vectors, MemorySegment out) {
    packed = NativeSegments.offHeap(packed);
    out = NativeSegments.offHeap(out);
    for (int v = 0; v < vectors; v++) {
      IntVector pairs = IntVector.fromMemorySegment(I, packed, from + (long) v * VECTOR, ORDER);
      long to = (long) (v + v / VECTORS * VECTORS) * VECTOR;
      lowF16(pairs).intoMemorySegment(out, to, ORDER);
      highF16(pairs).intoMemorySegment(out, to + ROW, ORDER);
    }
  }
}
