package nibble.quant.kvcache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.cache.Levels;
import org.junit.jupiter.api.Test;

class LevelFitTest {
  private static double objective(float[] x, float[] w, float[] centres) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      double best = Double.MAX_VALUE;
      for (float c : centres) {
        best = Math.min(best, ((double) x[i] - c) * (x[i] - c));
      }
      sum += w[i] * best;
    }
    return sum;
  }

  @Property(tries = 60)
  void everyStepLowersTheObjective(
      @ForAll @IntRange(min = 1, max = 200) int count,
      @ForAll @IntRange(min = 1, max = 12) int steps,
      @ForAll long seed) {
    Random random = new Random(seed);
    float[] x = new float[count];
    float[] w = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
      w[i] = random.nextFloat();
    }
    WeightedKMeans kMeans = new WeightedKMeans(x, w);
    float[] start = {-1, -0.5f, 0.5f, 1};
    double before = objective(x, w, start);
    for (int step = 1; step <= steps; step++) {
      double after = objective(x, w, kMeans.fit(start, step));
      assertTrue(
          after <= before + 1e-6 * (1 + before), "step " + step + ": " + before + " to " + after);
      before = after;
    }
  }

  /** Equal weights on equally spaced numbers give equally spaced levels. */
  @Test
  void uniformNumbersGiveAUniformGrid() {
    LevelFit fit = new LevelFit();
    for (int i = 0; i < 4000; i++) {
      fit.add((float) ((2 * i + 1) / 4000.0 - 1), 1);
    }
    Levels levels = fit.levels(2, 50, false);
    for (int i = 0; i < 4; i++) {
      assertEquals(-0.75 + 0.5 * i, levels.value(i), 1e-3);
    }
  }

  /** Where a few numbers weigh much, a level goes to them. */
  @Test
  void levelsFollowTheWeights() {
    LevelFit fit = new LevelFit();
    for (int i = 0; i <= 100; i++) {
      float u = i / 50f - 1;
      fit.add(u, i == 80 ? 1e6f : 1);
    }
    Levels levels = fit.levels(2, 50, false);
    assertEquals(0.6, levels.value(levels.code(0.6f)), 1e-3);
  }

  /**
   * Q-Norm: mean and deviation of the levels on the calibration numbers are those of the numbers.
   * Outliers do not count.
   */
  @Property(tries = 30)
  void momentsAreKept(@ForAll long seed) {
    Random random = new Random(seed);
    LevelFit fit = new LevelFit();
    double[] sums = new double[4];
    float[] numbers = new float[3000];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) Math.clamp(0.4 * random.nextGaussian(), -1.0, 1.0);
      fit.add(numbers[i], random.nextFloat());
      fit.add(1 + random.nextFloat() + 1e-3f, 1000);
    }
    Levels levels = fit.levels(2, 50, true);
    for (float u : numbers) {
      double q = levels.value(levels.code(u));
      sums[0] += u;
      sums[1] += (double) u * u;
      sums[2] += q;
      sums[3] += q * q;
    }
    int n = numbers.length;
    assertEquals(sums[0] / n, sums[2] / n, 1e-6);
    assertEquals(
        Math.sqrt(sums[1] / n - sums[0] * sums[0] / n / n),
        Math.sqrt(sums[3] / n - sums[2] * sums[2] / n / n),
        1e-6);
  }
}
