package nibble.nn.integer;

/**
 * Softmax of integers: {@code p = (e << (bits - 1)) / sum e}, e by {@link ShiftExp} below the row's
 * largest. The quotient is the 64-bit form: the published one multiplies by {@code floor((2^31 - 1)
 * / sum)}, which for long rows keeps two bits (rows then sum to 0.75). Probabilities have the scale
 * {@code 1 / 2^(bits - 1)}.
 */
public final class Shiftmax {
  private static final int EXTRA = 15;

  private final ShiftExp exp;
  private final int bits;

  /**
   * @param scale of the scores
   * @param bits of a probability, 4 to 16 (I-ViT: 16)
   */
  public Shiftmax(double scale, int bits) {
    if (bits < 4 || bits > 16) {
      throw new IllegalArgumentException("probabilities have 4 to 16 bits, found " + bits);
    }
    exp = new ShiftExp(scale, EXTRA);
    this.bits = bits;
  }

  /** Codes of the softmax of a row. */
  public int[] of(int[] scores) {
    long largest = Long.MIN_VALUE;
    for (int q : scores) {
      largest = Math.max(largest, q);
    }
    long[] e = new long[scores.length];
    long sum = 0;
    for (int i = 0; i < e.length; i++) {
      e[i] = exp.of(scores[i] - largest);
      sum = Math.addExact(sum, e[i]);
    }
    int[] p = new int[e.length];
    for (int i = 0; i < p.length; i++) {
      p[i] = (int) (Math.multiplyExact(e[i], 1L << (bits - 1)) / sum);
    }
    return p;
  }
}
