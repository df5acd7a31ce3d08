package nibble.kernels.rowwise;

/**
 * Smallest and largest code of a grid, inclusive. Both fit in a byte: either signed ({@code
 * -128..127}) or unsigned ({@code 0..255}). In a {@code byte[]} codes of a range that exceeds 127
 * are read as unsigned.
 */
public record CodeRange(int min, int max) {
  /** Checks the limits. */
  public CodeRange {
    if (min >= max || min < -128 || max > 255 || (min < 0 && max > 127)) {
      throw new IllegalArgumentException(
          "codes must lie in -128..127 or 0..255, were " + min + ".." + max);
    }
  }

  /** {@code 0 .. 2^bits - 1}, for 1 to 8 bits. */
  public static CodeRange unsigned(int bits) {
    check(bits, 1);
    return new CodeRange(0, (1 << bits) - 1);
  }

  /** {@code -2^(bits-1) .. 2^(bits-1) - 1}, for 2 to 8 bits. */
  public static CodeRange signed(int bits) {
    check(bits, 2);
    return new CodeRange(-(1 << (bits - 1)), (1 << (bits - 1)) - 1);
  }

  /** Whether a byte with its highest bit set stands for a code from 128 up. */
  public boolean isUnsignedByte() {
    return max > 127;
  }

  private static void check(int bits, int least) {
    if (bits < least || bits > 8) {
      throw new IllegalArgumentException("bit width must be " + least + " to 8, was " + bits);
    }
  }
}
