package nibble.quant.format;

/**
 * Integers of 2 to 8 bits on a uniform grid.
 *
 * <p>Codes and zero points are signed for every symmetry: {@code -2^(b-1) .. 2^(b-1) - 1}. The
 * unsigned codes and zero points that papers write for asymmetric grids are these plus {@code
 * 2^(b-1)}; files store the unsigned form (see {@link nibble.nn.packed.CodePacking}).
 *
 * @param bits bit width, 2 to 8
 */
public record IntFormat(int bits, Symmetry symmetry) {
  /** Fewest bits of a code. */
  public static final int MIN_BITS = 2;

  /** Most bits of a code. */
  public static final int MAX_BITS = 8;

  public IntFormat {
    if (bits < MIN_BITS || bits > MAX_BITS) {
      throw new IllegalArgumentException("bit width must be from 2 to 8, was " + bits);
    }
  }

  /** The two's complement symmetric format. */
  public static IntFormat symmetric(int bits) {
    return new IntFormat(bits, Symmetry.SYMMETRIC);
  }

  /** The asymmetric format. */
  public static IntFormat asymmetric(int bits) {
    return new IntFormat(bits, Symmetry.ASYMMETRIC);
  }

  /** Smallest code, {@code -2^(b-1)}. */
  public int minCode() {
    return -(1 << (bits - 1));
  }

  /** Largest code, {@code 2^(b-1) - 1}. */
  public int maxCode() {
    return (1 << (bits - 1)) - 1;
  }

  /** Whether zero points are needed. */
  public boolean isAsymmetric() {
    return symmetry == Symmetry.ASYMMETRIC;
  }
}
