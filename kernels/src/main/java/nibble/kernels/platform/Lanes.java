package nibble.kernels.platform;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector species of this run: constants, because a species from a field or a parameter makes the compiler box every vector. Load this
 * class only where {@link VectorSupport#isAvailable()}.
 */
public final class Lanes {
  /** The shape that all kernels use. */
  public static final VectorShape SHAPE = shape();

  /** Floats of {@link #SHAPE}. */
  public static final VectorSpecies<Float> FLOAT = VectorSpecies.of(float.class, SHAPE);

  /** Ints of {@link #SHAPE}. */
  public static final VectorSpecies<Integer> INT = VectorSpecies.of(int.class, SHAPE);

  /** Shorts of {@link #SHAPE}. */
  public static final VectorSpecies<Short> SHORT = VectorSpecies.of(short.class, SHAPE);

  /** Bytes of {@link #SHAPE}. */
  public static final VectorSpecies<Byte> BYTE = VectorSpecies.of(byte.class, SHAPE);

  /** Floats in one vector. */
  public static final int FLOATS = FLOAT.length();

  private Lanes() {}

  private static VectorShape shape() {
    Integer bits = Integer.getInteger("nibble.vector.bits");
    VectorShape preferred = FloatVector.SPECIES_PREFERRED.vectorShape();
    if (bits == null) {
      return preferred.vectorBitSize() < 128 ? VectorShape.S_128_BIT : preferred;
    }
    if (bits != 128 && bits != 256 && bits != 512) {
      throw new IllegalArgumentException("nibble.vector.bits must be 128, 256 or 512, was " + bits);
    }
    return VectorShape.forBitSize(bits);
  }
}
