package nibble.quant.ridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Least squares with a ridge, in pieces. */
class RidgeRegressionTest {
  private static final int ROWS = 300;

  private final WorkSplitter splitter = WorkSplitter.serial();

  private static double squaredError(
      float[] x, float[] r, int in, int out, float[] weight, float[] bias) {
    double sum = 0;
    for (int row = 0; row < ROWS; row++) {
      for (int j = 0; j < out; j++) {
        double value = bias[j];
        for (int i = 0; i < in; i++) {
          value += (double) weight[j * in + i] * x[row * in + i];
        }
        sum += Math.pow(r[row * out + j] - value, 2);
      }
    }
    return sum;
  }

  @Property(tries = 30)
  void findsAnExactMap(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 12) int in,
      @ForAll @IntRange(min = 1, max = 9) int out) {
    Random random = new Random(seed);
    float[] x = RandomModels.gaussian(random, ROWS * in, 0.5f, 1);
    float[] weight = RandomModels.gaussian(random, out * in, 0, 1);
    float[] bias = RandomModels.gaussian(random, out, 0, 1);
    float[] r = new float[ROWS * out];
    for (int row = 0; row < ROWS; row++) {
      for (int j = 0; j < out; j++) {
        double value = bias[j];
        for (int i = 0; i < in; i++) {
          value += (double) weight[j * in + i] * x[row * in + i];
        }
        r[row * out + j] = (float) value;
      }
    }
    RidgeRegression regression = new RidgeRegression(in, out);
    regression.add(x, 0, r, 0, ROWS, splitter);
    RidgeRegression.Solution solution = regression.solve(0, splitter);
    for (int i = 0; i < weight.length; i++) {
      assertEquals(weight[i], solution.weight()[i], 1e-4);
    }
    for (int j = 0; j < out; j++) {
      assertEquals(bias[j], solution.bias()[j], 1e-4);
    }
    assertEquals(1, solution.r2(), 1e-6);
  }

  @Property(tries = 30)
  void neverExplainsLessThanNothingAndPiecesDoNotMatter(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 10) int in,
      @ForAll @IntRange(min = 1, max = 299) int cut) {
    Random random = new Random(seed);
    int out = 3;
    float[] x = RandomModels.gaussian(random, ROWS * in, 0.5f, 1);
    float[] r = RandomModels.gaussian(random, ROWS * out, 1, 1);
    RidgeRegression whole = new RidgeRegression(in, out);
    whole.add(x, 0, r, 0, ROWS, splitter);
    RidgeRegression pieces = new RidgeRegression(in, out);
    pieces.add(x, 0, r, 0, cut, splitter);
    pieces.add(x, cut * in, r, cut * out, ROWS - cut, splitter);
    RidgeRegression.Solution a = whole.solve(0, splitter);
    RidgeRegression.Solution b = pieces.solve(0, splitter);
    for (int i = 0; i < a.weight().length; i++) {
      assertEquals(a.weight()[i], b.weight()[i], 1e-6);
    }
    double before = 0;
    for (float value : r) {
      before += value * (double) value;
    }
    assertTrue(
        squaredError(x, r, in, out, a.weight(), a.bias()) <= before * (1 + 1e-6),
        "never worse than no map");
    double[] mean = new double[out];
    for (int i = 0; i < r.length; i++) {
      mean[i % out] += r[i] / (double) ROWS;
    }
    double variance = 0;
    for (int i = 0; i < r.length; i++) {
      variance += Math.pow(r[i] - mean[i % out], 2);
    }
    assertEquals(1 - squaredError(x, r, in, out, a.weight(), a.bias()) / variance, a.r2(), 1e-5);
  }

  @Test
  void nothingToExplainGivesNoMap() {
    RidgeRegression regression = new RidgeRegression(4, 2);
    regression.add(
        RandomModels.gaussian(new Random(1), ROWS * 4, 0, 1),
        0,
        new float[ROWS * 2],
        0,
        ROWS,
        splitter);
    RidgeRegression.Solution solution = regression.solve(1e-6, splitter);
    for (float value : solution.weight()) {
      assertEquals(0, value, 1e-6);
    }
    assertEquals(1, solution.r2());
    assertThrows(IllegalStateException.class, () -> new RidgeRegression(2, 2).solve(0, splitter));
  }

  /**
   * What has nothing to do with the input: fitted to 20 rows a channel, a map makes other rows at
   * most 1 part in 20 worse in expectation ({@code d / (T - d)}), whatever its R2.
   */
  @Test
  void aMapForNoiseHardlyHarmsOtherRows() {
    int in = 8;
    int out = 4;
    double worst = 0;
    double mean = 0;
    int seeds = 40;
    for (int seed = 0; seed < seeds; seed++) {
      Random random = new Random(seed);
      float[] x = RandomModels.gaussian(random, ROWS * in, 0, 1);
      float[] r = RandomModels.gaussian(random, ROWS * out, 0, 1);
      RidgeRegression regression = new RidgeRegression(in, out);
      regression.add(x, 0, r, 0, ROWS, splitter);
      RidgeRegression.Solution solution = regression.solve(1e-6, splitter);
      assertTrue(solution.r2() < 0.08, "R2 " + solution.r2());
      float[] others = RandomModels.gaussian(random, ROWS * in, 0, 1);
      float[] noise = RandomModels.gaussian(random, ROWS * out, 0, 1);
      double without = squaredError(others, noise, in, out, new float[in * out], new float[out]);
      double ratio =
          squaredError(others, noise, in, out, solution.weight(), solution.bias()) / without;
      worst = Math.max(worst, ratio);
      mean += ratio / seeds;
    }
    // (in + 1) / ROWS = 0.03 in expectation
    assertTrue(mean > 1 && mean < 1.045 && worst < 1.1, mean + " worst " + worst);
  }

  @Test
  void constantChannelsNeedTheRidge() {
    float[] x = new float[ROWS * 2];
    java.util.Arrays.fill(x, 3);
    RidgeRegression regression = new RidgeRegression(2, 1);
    regression.add(x, 0, RandomModels.gaussian(new Random(2), ROWS, 0, 1), 0, ROWS, splitter);
    assertThrows(RuntimeException.class, () -> regression.solve(0, splitter));
    assertTrue(Math.abs(regression.solve(1e-6, splitter).r2()) < 0.02);
  }
}
