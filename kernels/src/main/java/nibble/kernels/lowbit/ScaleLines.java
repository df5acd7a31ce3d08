package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/** Reads lines of scales by vectors of rows, as floats. Load only where the vector module is. */
final class ScaleLines {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final int LINE = IntWeights.LINE;
  private static final VectorSpecies<Short> HALVES =
      VectorSpecies.of(short.class, VectorShape.forBitSize(16 * Lanes.FLOATS));

  private ScaleLines() {}

  /** Bytes of working memory for two vectors of rows. */
  static long bytes(IntWeights weights) {
    return weights.hasHalfScales() ? 2L * LINE * weights.groups() : 0;
  }

  /**
   * A segment with the scales of two vectors of rows as floats, a group a {@link #LINE}: {@code
   * scratch}, which is filled, or the weights themselves.
   */
  static MemorySegment of(IntWeights weights, int row0, int row1, MemorySegment scratch) {
    if (!weights.hasHalfScales()) {
      return weights.segment();
    }
    copy(weights, row0, scratch, at(weights, row0, 0), LINE);
    if (row1 != row0) {
      copy(weights, row1, scratch, at(weights, row1, 1), LINE);
    }
    return scratch;
  }

  /**
   * Where the scale of the first group is in the segment of {@link #of}, for its vector {@code
   * index}.
   */
  static long at(IntWeights weights, int row, int index) {
    return weights.hasHalfScales() ? (long) index * LINE * weights.groups() : weights.scalesAt(row);
  }

  /**
   * Copies the scales of one vector of rows from {@code row} on, little-endian floats, to byte
   * {@code to} of {@code scales}; those of the next group are {@code step} bytes further.
   */
  static void copy(IntWeights weights, int row, MemorySegment scales, long to, long step) {
    if (weights.hasHalfScales()) {
      halves(weights.segment(), weights.scalesAt(row), weights.groups(), scales, to, step);
    } else {
      floats(weights.segment(), weights.scalesAt(row), weights.groups(), scales, to, step);
    }
  }

  private static void floats(
      MemorySegment segment, long from, int groups, MemorySegment scales, long to, long step) {
    segment = NativeSegments.offHeap(segment);
    scales = NativeSegments.offHeap(scales);
    for (int g = 0; g < groups; g++) {
      FloatVector.fromMemorySegment(F, segment, from + (long) g * LINE, LITTLE_ENDIAN)
          .intoMemorySegment(scales, to + g * step, LITTLE_ENDIAN);
    }
  }

  private static void halves(
      MemorySegment segment, long from, int groups, MemorySegment scales, long to, long step) {
    segment = NativeSegments.offHeap(segment);
    scales = NativeSegments.offHeap(scales);
    for (int g = 0; g < groups; g++) {
      widened(segment, from + (long) g * (LINE / 2))
          .intoMemorySegment(scales, to + g * step, LITTLE_ENDIAN);
    }
  }

  /** One vector of F32 scales. */
  static FloatVector whole(IntWeights weights, int row, int group) {
    return FloatVector.fromMemorySegment(
        F,
        NativeSegments.offHeap(weights.segment()),
        weights.scalesAt(row) + (long) group * LINE,
        LITTLE_ENDIAN);
  }

  /** One vector of F16 scales. */
  static FloatVector half(IntWeights weights, int row, int group) {
    return widened(
        NativeSegments.offHeap(weights.segment()),
        weights.scalesAt(row) + (long) group * (LINE / 2));
  }

  /**
   * F16 bits in the place of F32 bits are a float that is 2^112 times too small, normal or not; no
   * scale is negative or infinite.
   */
  private static FloatVector widened(MemorySegment segment, long at) {
    IntVector bits =
        (IntVector)
            ShortVector.fromMemorySegment(HALVES, segment, at, LITTLE_ENDIAN)
                .convertShape(ZERO_EXTEND_S2I, Lanes.INT, 0);
    return bits.lanewise(LSHL, 13).reinterpretAsFloats().mul(0x1p112f);
  }
}
