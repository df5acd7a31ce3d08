package nibble.kernels.platform;

/**
 * Multiply-adds on registers alone: how fast one thread of this machine can compute at most.
 * Accumulators are independent, so that neither the latency of the unit nor memory limits the
 * speed.
 */
public interface PeakFma {
  /**
   * Sets every accumulator to {@code a * accumulator + b}, {@code rounds} times, beginning with 0.
   *
   * @return the sum of all accumulators: their number times {@code b (1 - a^rounds) / (1 - a)}
   */
  float run(int rounds, float a, float b);

  /**
   * Floating-point operations of one round; a multiply-add counts as two. Twice the number of
   * accumulators.
   */
  int operationsPerRound();

  /** The best implementation for this machine. */
  static PeakFma best() {
    return Best.INSTANCE;
  }

  /** Chosen at first use. */
  final class Best {
    private static final PeakFma INSTANCE =
        VectorSupport.choose(() -> new VectorPeakFma(), () -> new ScalarPeakFma());

    private Best() {}
  }
}
