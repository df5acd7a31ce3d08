package nibble.nn.integer;

/**
 * The exponential of numbers that are not positive, by shifts and additions (I-ViT, <a
 * href="https://arxiv.org/abs/2207.01405">arXiv:2207.01405</a>, section 3.3, and the authors'
 * code):
 *
 * <pre>{@code
 * log2(e) ~ 1 + 1/2 - 1/16 = 1.4375       q <- q + (q >> 1) - (q >> 4)
 * x0 = floor(-1 / S), the code of -1       q <- max(q, n x0)     k = floor(q / x0)     r = q - k x0, in (x0, 0]
 * 2^f ~ 1 + f / 2:   e = (r / 2 - x0) 2^(n - k), scale S / 2^n
 * }</pre>
 *
 * <p>The result is at least {@code 2^(-S / 2)} times the exponential of {@code x = q S} and at most
 * {@code 1.0615 2^(S + |x| (0.0052 + 1.4375 S / (1 + S)))} times, but for a unit and the least
 * result {@code 2^-n}: the code of -1 is rounded, which coarse scales feel (12 % for 8 bits over a
 * range of 8, down to x = -2). In 64 bits; where the authors have floats between, these are the
 * integers they stand for.
 */
public final class ShiftExp {
  private final long minusOne;
  private final int extra;

  /**
   * @param scale S of the input
   * @param extra n: the exponential of 0 is {@code -x0 2^n}; 1 to 30
   */
  public ShiftExp(double scale, int extra) {
    if (!(scale > 0) || Double.isInfinite(scale) || extra < 1 || extra > 30) {
      throw new IllegalArgumentException(
          "an exponential needs a positive scale and 1 to 30 more bits, found %s and %d"
              .formatted(scale, extra));
    }
    minusOne = Math.min(-1, (long) Math.floor(-1 / scale));
    if (minusOne < -(1L << 30)) {
      throw new IllegalArgumentException(
          "scale " + scale + " is too small: the code of -1 needs more than 30 bits");
    }
    this.extra = extra;
  }

  /** The code of the exponential of 0. */
  public long one() {
    return -minusOne << extra;
  }

  /** The code of the exponential of code {@code q}, not positive, with {@link #one} for 1. */
  public long of(long q) {
    if (q > 0) {
      throw new IllegalArgumentException("the exponential takes codes up to 0, found " + q);
    }
    long scaled = Math.max(q + (q >> 1) - (q >> 4), extra * minusOne);
    int k = (int) (scaled / minusOne);
    long r = scaled - k * minusOne;
    return Math.max(0, ((r - 2 * minusOne) << (extra - k)) >> 1);
  }
}
