package nibble.kernels.lowbit;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import nibble.kernels.platform.Lanes;

/** Reads lines of scales by vectors of rows. Load only where the vector module is. */
final class ScaleLines {
  private ScaleLines() {}

  /**
   * Copies the scales of one vector of rows from {@code row} on, native floats, to byte {@code to} of {@code scales}; those of the next group
   * are {@code step} bytes further.
   */
  static void copy(IntWeights weights, int row, MemorySegment scales, long to, long step) {
    floats(weights.segment(), weights.scalesAt(row), weights.groups(), scales, to, step);
  }

  private static void floats(MemorySegment segment, long from, int groups, MemorySegment scales, long to, long step) {
    for (int g = 0; g < groups; g++) {
      FloatVector.fromMemorySegment(Lanes.FLOAT, segment, from + (long) g * IntWeights.LINE, LITTLE_ENDIAN)
          .intoMemorySegment(scales, to + g * step, ByteOrder.nativeOrder());
    }
  }
}
