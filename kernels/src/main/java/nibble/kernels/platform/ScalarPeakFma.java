package nibble.kernels.platform;

/**
 * {@link PeakFma} with scalar instructions. Eight accumulators: two units with a latency of four
 * cycles.
 */
final class ScalarPeakFma implements PeakFma {
  private static final int ACCUMULATORS = 8;

  @Override
  public float run(int rounds, float a, float b) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    float s4 = 0;
    float s5 = 0;
    float s6 = 0;
    float s7 = 0;
    for (int i = 0; i < rounds; i++) {
      s0 = Math.fma(s0, a, b);
      s1 = Math.fma(s1, a, b);
      s2 = Math.fma(s2, a, b);
      s3 = Math.fma(s3, a, b);
      s4 = Math.fma(s4, a, b);
      s5 = Math.fma(s5, a, b);
      s6 = Math.fma(s6, a, b);
      s7 = Math.fma(s7, a, b);
    }
    return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
  }

  @Override
  public int operationsPerRound() {
    return 2 * ACCUMULATORS;
  }
}
