package nibble.nn.integer;

/**
 * Layer normalisation of integers, without gain and bias, which the next change of scale takes:
 *
 * <pre>{@code
 * mu = rint(mean q)     y = q - mu     v = sum y^2     F = (2^31 - 1) / isqrt(v)     result  y F / 2,  scale sqrt(n) / 2^30
 * }</pre>
 *
 * <p>I-ViT, <a href="https://arxiv.org/abs/2207.01405">arXiv:2207.01405</a>, section 3.5, with a
 * root that has converged ({@link IntegerRoot}). A constant row gives zeros.
 */
public final class IntegerLayerNorm {
  private IntegerLayerNorm() {}

  /** The scale of the result for rows of {@code n}. */
  public static double scale(int n) {
    return Math.sqrt(n) / 0x1p30;
  }

  /**
   * Codes of the normalised row.
   *
   * @param q {@code |q| < 2^24}, at most 2^14 of them
   */
  public static long[] of(int[] q) {
    long sum = 0;
    for (int value : q) {
      sum += value;
    }
    long mean = Math.floorDiv(2 * sum + q.length, 2L * q.length);
    long squares = 0;
    for (int value : q) {
      squares = Math.addExact(squares, Math.multiplyExact(value - mean, value - mean));
    }
    long root = IntegerRoot.floor(squares);
    long[] y = new long[q.length];
    for (int i = 0; i < y.length && root > 0; i++) {
      y[i] = Math.floorDiv((q[i] - mean) * (Integer.MAX_VALUE / root), 2);
    }
    return y;
  }
}
