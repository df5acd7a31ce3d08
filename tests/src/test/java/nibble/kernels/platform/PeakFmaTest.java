package nibble.kernels.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PeakFmaTest {
  @Test
  void everyAccumulatorIsUpdatedInEveryRound() {
    check(new ScalarPeakFma());
    check(PeakFma.best());
  }

  /** All numbers here are small multiples of 1/8, so sums are exact. */
  private static void check(PeakFma peak) {
    int accumulators = peak.operationsPerRound() / 2;
    assertEquals(0, peak.run(0, 0.5f, 1));
    assertEquals(accumulators, peak.run(1, 0.5f, 1));
    assertEquals(1.5f * accumulators, peak.run(2, 0.5f, 1));
    assertEquals(1.875f * accumulators, peak.run(4, 0.5f, 1));
  }
}
