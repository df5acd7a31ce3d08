package nibble.quant.kvcache;

import java.util.Arrays;
import nibble.nn.cache.Levels;

/**
 * Numbers with weights, and the levels that fit them. Numbers outside -1 to 1 are outliers and not
 * counted.
 */
final class LevelFit {
  private float[] numbers = new float[1024];
  private float[] weights = new float[1024];
  private int count;

  /** Adds a number in units of its range. */
  void add(float u, float weight) {
    if (!(Math.abs(u) <= 1)) {
      return;
    }
    if (count == numbers.length) {
      numbers = Arrays.copyOf(numbers, 2 * count);
      weights = Arrays.copyOf(weights, 2 * count);
    }
    numbers[count] = u;
    weights[count++] = weight;
  }

  /**
   * The levels.
   *
   * @param iterations of k-means from equally spaced levels
   * @param keepMoments whether levels are moved so that their mean and standard deviation on these
   *     numbers are those of the numbers (Q-Norm)
   */
  Levels levels(int bits, int iterations, boolean keepMoments) {
    float[] start = new float[1 << bits];
    for (int i = 0; i < start.length; i++) {
      start[i] = (float) ((2.0 * i + 1) / start.length - 1);
    }
    if (iterations == 0 || count == 0) {
      return moved(Levels.uniform(bits), keepMoments);
    }
    WeightedKMeans kMeans =
        new WeightedKMeans(Arrays.copyOf(numbers, count), Arrays.copyOf(weights, count));
    return moved(Levels.nearest(kMeans.fit(start, iterations)), keepMoments);
  }

  private Levels moved(Levels levels, boolean keepMoments) {
    if (!keepMoments || count == 0) {
      return levels;
    }
    double[] x = new double[count];
    double[] q = new double[count];
    for (int i = 0; i < count; i++) {
      x[i] = numbers[i];
      q[i] = levels.value(levels.code(numbers[i]));
    }
    double mean = mean(x);
    double levelMean = mean(q);
    double deviation = deviation(q, levelMean);
    double factor = deviation > 0 ? deviation(x, mean) / deviation : 1;
    return factor > 0 ? levels.moved(factor, mean - levelMean * factor) : levels;
  }

  private static double mean(double[] x) {
    return Arrays.stream(x).sum() / x.length;
  }

  private static double deviation(double[] x, double mean) {
    return Math.sqrt(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum() / x.length);
  }
}
