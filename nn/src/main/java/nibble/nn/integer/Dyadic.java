package nibble.nn.integer;

/**
 * A positive factor as {@code m / 2^e}: changes of scale by a product and a shift. HAWQ-V3 and
 * I-ViT (<a href="https://arxiv.org/abs/2207.01405">arXiv:2207.01405</a>).
 *
 * @param multiplier m, below 2^31
 * @param shift e, 0 to 62
 */
public record Dyadic(long multiplier, int shift) {
  private static final int BITS = 31;

  public Dyadic {
    if (multiplier < 0 || multiplier >= 1L << BITS || shift < 0 || shift > 62) {
      throw new IllegalArgumentException(
          "a factor m / 2^e needs m from 0 to below 2^31 and e from 0 to 62, found %d and %d"
              .formatted(multiplier, shift));
    }
  }

  /**
   * The nearest to {@code factor}, with a relative error of at most 2^-30 where e is not at its
   * limit.
   *
   * @param factor positive, below 2^31
   */
  public static Dyadic of(double factor) {
    if (!(factor > 0) || !(factor < 0x1p31)) {
      throw new IllegalArgumentException("a factor must be positive and below 2^31, was " + factor);
    }
    int shift = Math.clamp(BITS - 1 - Math.getExponent(factor), 0, 62);
    long m = Math.round(Math.scalb(factor, shift));
    if (m >= 1L << BITS) {
      m >>= 1;
      shift--;
    }
    return new Dyadic(m, shift);
  }

  /** {@code q m / 2^e}, rounded to nearest, halves up. {@code |q| < 2^31}. */
  public long apply(long q) {
    long product = q * multiplier;
    return shift == 0 ? product : (product + (1L << (shift - 1))) >> shift;
  }
}
