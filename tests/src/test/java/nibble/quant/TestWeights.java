package nibble.quant;

import java.util.Random;
import java.util.random.RandomGenerator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** The weight shapes that every method is tried on. */
public enum TestWeights {
  FLAT,
  PLATEAU,
  RAMP,
  OUTLIER,
  GAUSSIAN;

  /** A matrix {@code [out, in]} of a kind. */
  public record Sample(TestWeights kind, int out, int in, long seed) {
    public float[] values() {
      float[] w = new float[out * in];
      RandomGenerator random = new Random(seed);
      for (int i = 0; i < w.length; i++) {
        w[i] = kind.value(i, w.length, random);
      }
      return w;
    }
  }

  private float value(int i, int count, RandomGenerator random) {
    return switch (this) {
      case FLAT -> 0f;
      case PLATEAU -> 0.375f;
      case RAMP -> -1f + 2f * i / Math.max(1, count - 1);
      case OUTLIER -> (float) (0.02 * random.nextGaussian() * (random.nextInt(50) == 0 ? 40 : 1));
      case GAUSSIAN -> (float) random.nextGaussian();
    };
  }

  /** Samples of all kinds, up to {@code [maxOut, maxIn]}. */
  public static Arbitrary<Sample> samples(int maxOut, int maxIn) {
    return Combinators.combine(
            Arbitraries.of(TestWeights.class),
            Arbitraries.integers().between(1, maxOut),
            Arbitraries.integers().between(1, maxIn),
            Arbitraries.longs())
        .as(Sample::new);
  }
}
