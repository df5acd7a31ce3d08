package nibble.nn.integer;

/**
 * GELU of integers as {@code x sigmoid(1.702 x)}, element by element:
 *
 * <pre>{@code
 * e = exp(-1.702 |x|)     sigmoid(|x|) = 1 / (1 + e)     sigmoid(-|x|) = e / (1 + e)
 * }</pre>
 *
 * <p>The stable form: I-ViT takes exponentials relative to the row's largest, where both may reach
 * their floor (an error of 7.9 for a row from -16 to 16). The result has the scale {@code S /
 * 2^(bits - 1)}.
 */
public final class ShiftGelu {
  private static final int EXTRA = 15;
  private static final double SLOPE = 1.702;

  private final ShiftExp exp;
  private final int bits;

  /**
   * @param scale S of the input
   * @param bits of the sigmoid, 4 to 16 (I-ViT: 8)
   */
  public ShiftGelu(double scale, int bits) {
    if (bits < 4 || bits > 16) {
      throw new IllegalArgumentException("sigmoids have 4 to 16 bits, found " + bits);
    }
    exp = new ShiftExp(SLOPE * scale, EXTRA);
    this.bits = bits;
  }

  /** The code of the GELU of code {@code q}. */
  public long of(int q) {
    long e = exp.of(-Math.abs((long) q));
    long part = q >= 0 ? exp.one() : e;
    return q * ((part << (bits - 1)) / (exp.one() + e));
  }
}
