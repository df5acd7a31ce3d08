package nibble.kernels.platform;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector species of this run: constants, because a species from a field or a parameter makes
 * the compiler box every vector. Load this class only where {@link VectorSupport#isAvailable()}.
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

  private static final VectorShuffle<Float> SWAP_8 = swap(8);
  private static final VectorShuffle<Float> SWAP_4 = swap(4);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_1 = swap(1);

  private Lanes() {}

  /**
   * The sum of the lanes, in a fixed order: upper half plus lower half, until one lane is left.
   * {@code reduceLanes(ADD)} may add in any order, and does so differently before and after
   * compilation, so that equal inputs would give unequal bits.
   */
  public static float sum(FloatVector v) {
    return fold1(fold2(fold4(fold8(v)))).lane(0);
  }

  // Tiny methods, which are always inlined.

  /**
   * The larger of each two lanes; where the second is NaN, the first. A compare and a blend: a
   * third of the cost of {@code max}.
   */
  public static FloatVector larger(FloatVector a, FloatVector b) {
    return a.blend(b, b.compare(VectorOperators.GT, a));
  }

  private static FloatVector fold8(FloatVector v) {
    return FLOATS > 8 ? v.add(v.rearrange(SWAP_8)) : v;
  }

  private static FloatVector fold4(FloatVector v) {
    return FLOATS > 4 ? v.add(v.rearrange(SWAP_4)) : v;
  }

  private static FloatVector fold2(FloatVector v) {
    return v.add(v.rearrange(SWAP_2));
  }

  private static FloatVector fold1(FloatVector v) {
    return v.add(v.rearrange(SWAP_1));
  }

  private static VectorShuffle<Float> swap(int stride) {
    return VectorShuffle.fromOp(FLOAT, i -> (i ^ stride) & (FLOATS - 1));
  }

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
