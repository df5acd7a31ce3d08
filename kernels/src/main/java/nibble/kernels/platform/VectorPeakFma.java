package nibble.kernels.platform;

import jdk.incubator.vector.FloatVector;

/**
 * {@link PeakFma} with vectors. Ten accumulators hide a latency of five cycles on two units and
 * leave registers for the operands.
 */
final class VectorPeakFma implements PeakFma {
  private static final int ACCUMULATORS = 10;

  @Override
  public float run(int rounds, float a, float b) {
    FloatVector factor = FloatVector.broadcast(Lanes.FLOAT, a);
    FloatVector term = FloatVector.broadcast(Lanes.FLOAT, b);
    FloatVector s0 = FloatVector.zero(Lanes.FLOAT);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector s4 = s0;
    FloatVector s5 = s0;
    FloatVector s6 = s0;
    FloatVector s7 = s0;
    FloatVector s8 = s0;
    FloatVector s9 = s0;
    for (int i = 0; i < rounds; i++) {
      s0 = s0.fma(factor, term);
      s1 = s1.fma(factor, term);
      s2 = s2.fma(factor, term);
      s3 = s3.fma(factor, term);
      s4 = s4.fma(factor, term);
      s5 = s5.fma(factor, term);
      s6 = s6.fma(factor, term);
      s7 = s7.fma(factor, term);
      s8 = s8.fma(factor, term);
      s9 = s9.fma(factor, term);
    }
    FloatVector sum = s0.add(s1).add(s2.add(s3)).add(s4.add(s5).add(s6.add(s7))).add(s8.add(s9));
    return Lanes.sum(sum);
  }

  @Override
  public int operationsPerRound() {
    return 2 * ACCUMULATORS * Lanes.FLOATS;
  }
}
