package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/**
 * Transposition of squares of as many floats as a vector has on each side. Halves of the square
 * change places across its diagonal, then halves of the halves, until single floats do: each time
 * half of the lanes of a row come from its partner, at the same distance for all.
 */
final class Squares {
  /** Floats on a side. */
  static final int SIDE = Lanes.FLOATS;

  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final VectorShuffle<Float> SWAP_4 = swap(4);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_1 = swap(1);
  private static final VectorMask<Float> UPPER_4 = upper(4);
  private static final VectorMask<Float> UPPER_2 = upper(2);
  private static final VectorMask<Float> UPPER_1 = upper(1);
  private static final VectorMask<Float> LOWER_4 = UPPER_4.not();
  private static final VectorMask<Float> LOWER_2 = UPPER_2.not();
  private static final VectorMask<Float> LOWER_1 = UPPER_1.not();

  // The first exchange is over half a side. Vectors are not passed to a method for it: one of more
  // than 35 bytes of code is inlined only where the compiler finds it hot, else they are allocated.
  private static final VectorShuffle<Float> SWAP_FIRST = swap(SIDE / 2);
  private static final VectorMask<Float> UPPER_FIRST = upper(SIDE / 2);
  private static final VectorMask<Float> LOWER_FIRST = UPPER_FIRST.not();

  private Squares() {}

  /**
   * Writes {@code factor} times the square whose column {@code i} begins at {@code from[at + i *
   * stride]}, in place: row {@code i} stands at byte {@code to + i * rowBytes} of {@code out}.
   */
  static void transpose(
      float factor, float[] from, int at, int stride, MemorySegment out, long to, long rowBytes) {
    out = NativeSegments.offHeap(out);
    for (int i = 0; i < SIDE / 2; i++) {
      FloatVector low = FloatVector.fromArray(F, from, at + i * stride).mul(factor);
      FloatVector high = FloatVector.fromArray(F, from, at + (i + SIDE / 2) * stride).mul(factor);
      low.blend(high.rearrange(SWAP_FIRST), UPPER_FIRST)
          .intoMemorySegment(out, to + i * rowBytes, ORDER);
      high.blend(low.rearrange(SWAP_FIRST), LOWER_FIRST)
          .intoMemorySegment(out, to + (i + SIDE / 2) * rowBytes, ORDER);
    }
    if (SIDE > 8) {
      fours(out, to, rowBytes);
    }
    if (SIDE > 4) {
      twos(out, to, rowBytes);
    }
    ones(out, to, rowBytes);
  }

  // One method for each distance: a shuffle that is a parameter is no constant, and allocates.

  private static void fours(MemorySegment out, long to, long rowBytes) {
    out = NativeSegments.offHeap(out);
    for (int i = 0; i < SIDE / 2; i++) {
      long at = to + partner(i, 4) * rowBytes;
      FloatVector low = FloatVector.fromMemorySegment(F, out, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(F, out, at + 4 * rowBytes, ORDER);
      low.blend(high.rearrange(SWAP_4), UPPER_4).intoMemorySegment(out, at, ORDER);
      high.blend(low.rearrange(SWAP_4), LOWER_4).intoMemorySegment(out, at + 4 * rowBytes, ORDER);
    }
  }

  private static void twos(MemorySegment out, long to, long rowBytes) {
    out = NativeSegments.offHeap(out);
    for (int i = 0; i < SIDE / 2; i++) {
      long at = to + partner(i, 2) * rowBytes;
      FloatVector low = FloatVector.fromMemorySegment(F, out, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(F, out, at + 2 * rowBytes, ORDER);
      low.blend(high.rearrange(SWAP_2), UPPER_2).intoMemorySegment(out, at, ORDER);
      high.blend(low.rearrange(SWAP_2), LOWER_2).intoMemorySegment(out, at + 2 * rowBytes, ORDER);
    }
  }

  private static void ones(MemorySegment out, long to, long rowBytes) {
    out = NativeSegments.offHeap(out);
    for (int i = 0; i < SIDE / 2; i++) {
      long at = to + partner(i, 1) * rowBytes;
      FloatVector low = FloatVector.fromMemorySegment(F, out, at, ORDER);
      FloatVector high = FloatVector.fromMemorySegment(F, out, at + 1 * rowBytes, ORDER);
      low.blend(high.rearrange(SWAP_1), UPPER_1).intoMemorySegment(out, at, ORDER);
      high.blend(low.rearrange(SWAP_1), LOWER_1).intoMemorySegment(out, at + 1 * rowBytes, ORDER);
    }
  }

  /** The {@code i}-th of the rows that have their partner {@code distance} further on. */
  private static int partner(int i, int distance) {
    return i / distance * (2 * distance) + i % distance;
  }

  private static VectorShuffle<Float> swap(int distance) {
    return VectorShuffle.fromOp(F, i -> (i ^ distance) & (SIDE - 1));
  }

  /** The upper lane of each two that are {@code distance} apart. */
  private static VectorMask<Float> upper(int distance) {
    boolean[] lanes = new boolean[SIDE];
    for (int i = 0; i < SIDE; i++) {
      lanes[i] = (i & distance) != 0;
    }
    return VectorMask.fromArray(F, lanes, 0);
  }
}
