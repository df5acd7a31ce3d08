package nibble.nn.integer;

/**
 * Square roots of integers by Newton's iteration, until it falls no more: the ten steps of I-ViT's
 * code have not converged for small numbers.
 */
public final class IntegerRoot {
  private IntegerRoot() {}

  /** {@code floor(sqrt(v))}. */
  public static long floor(long v) {
    if (v < 0) {
      throw new IllegalArgumentException("a square root needs a number from 0 on, was " + v);
    }
    if (v < 2) {
      return v;
    }
    long k = 1L << ((Long.SIZE - Long.numberOfLeadingZeros(v) + 1) / 2);
    while (true) {
      long next = (k + v / k) >> 1;
      if (next >= k) {
        return k;
      }
      k = next;
    }
  }
}
