package nibble.kernels.lowbit;

import jdk.incubator.vector.FloatVector;
import nibble.kernels.platform.Lanes;

/** Load only where the vector module is. */
final class Widths {
  private Widths() {}

  /** Whether this machine has vectors of the width in use; wider ones are emulated with objects. */
  static boolean fitsMachine() {
    return Lanes.SHAPE.vectorBitSize() <= FloatVector.SPECIES_PREFERRED.vectorBitSize();
  }
}
