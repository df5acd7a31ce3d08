package nibble.quant.range;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.site.LevelQuantizer;
import org.junit.jupiter.api.Test;

class TwinGridTest {
  @Property(tries = 300)
  void probabilitiesRiseAndKeepTheirError(
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll @IntRange(max = 19) int exponent,
      @ForAll @IntRange(max = 1 << 24) int ticks,
      @ForAll @IntRange(max = 1 << 24) int otherTicks) {
    float x = ticks * 0x1p-24f;
    float y = otherTicks * 0x1p-24f;
    double split = Math.pow(2, -exponent);
    LevelQuantizer grid = TwinGrid.probabilities(bits, split);
    float steps = (1 << (bits - 1)) - 1;
    float quantized = grid.fakeQuantize(x);
    assertEquals(quantized, grid.fakeQuantize(quantized), "idempotent");
    assertTrue(
        x <= y == quantized <= grid.fakeQuantize(y) || quantized == grid.fakeQuantize(y), "rises");
    double bound = x < split ? split / steps / 2 : 1 / steps / 2;
    assertTrue(Math.abs(quantized - x) <= bound * (1 + 1e-5), "error of " + x);
    assertTrue(grid.levels().length <= 1 << bits);
  }

  @Property(tries = 100)
  void everyCodeStandsForItsLevel(
      @ForAll @IntRange(min = 2, max = 8) int bits, @ForAll @IntRange(max = 19) int exponent) {
    for (LevelQuantizer grid :
        new LevelQuantizer[] {
          TwinGrid.probabilities(bits, Math.pow(2, -exponent)), TwinGrid.signs(bits, 0.3f, 0.02f)
        }) {
      float[] levels = grid.levels();
      for (int code = 0; code < levels.length; code++) {
        assertEquals(code, grid.code(levels[code]));
      }
    }
    assertEquals(1 << bits, TwinGrid.signs(bits, 0.3f, 0.02f).levels().length);
  }

  @Property(tries = 300)
  void bothSignsHaveTheirOwnScale(
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll @IntRange(min = -16_990, max = 400_000) int ticks) {
    float x = ticks * 1e-5f;
    int half = 1 << (bits - 1);
    float negative = (float) (TwinGrid.GELU_DEPTH / half);
    float positive = 4f / (half - 1);
    float quantized = TwinGrid.signs(bits, positive, negative).fakeQuantize(x);
    double step = x < 0 ? negative : positive;
    assertTrue(Math.abs(quantized - x) <= step / 2 * (1 + 1e-5), x + " became " + quantized);
    assertTrue(x >= 0 ? quantized >= 0 : quantized <= 0);
  }

  /**
   * Figures of the method card: on rows like attention, either grid beats one grid, and the sum of
   * both is worse than one.
   */
  @Test
  void eitherGridIsBetterThanOneAndTheirSumIsWorse() {
    float[] p = attention(400, 197, 3);
    assertTrue(
        bestTwin(8, p) * 3 < uniform(8, p),
        "8 bits: " + bestTwin(8, p) + " against " + uniform(8, p));
    assertTrue(
        bestTwin(6, p) * 2 < uniform(6, p),
        "6 bits: " + bestTwin(6, p) + " against " + uniform(6, p));
    assertTrue(bestSum(8, p) > uniform(8, p), "the sum: " + bestSum(8, p));
  }

  private static double bestTwin(int bits, float[] p) {
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i < 20; i++) {
      LevelQuantizer grid = TwinGrid.probabilities(bits, Math.pow(2, -i));
      best = Math.min(best, error(p, grid::fakeQuantize));
    }
    return best;
  }

  private static double bestSum(int bits, float[] p) {
    double steps = (1 << (bits - 1)) - 1;
    double best = Double.POSITIVE_INFINITY;
    for (int i = 0; i < 20; i++) {
      double split = Math.pow(2, -i);
      best =
          Math.min(
              best,
              error(
                  p,
                  x ->
                      (float)
                          (Math.rint(Math.max(x, split) * steps) / steps
                              + Math.rint(Math.min(x, split) / split * steps) * split / steps)));
    }
    return best;
  }

  private static double uniform(int bits, float[] p) {
    double steps = (1 << bits) - 1;
    return error(p, x -> (float) (Math.rint(x * steps) / steps));
  }

  private interface Quantizer {
    float of(float x);
  }

  private static double error(float[] p, Quantizer quantizer) {
    double sum = 0;
    for (float x : p) {
      double error = (double) x - quantizer.of(x);
      sum += error * error;
    }
    return sum / p.length;
  }

  private static float[] attention(int rows, int tokens, double deviation) {
    Random random = new Random(1);
    float[] p = new float[rows * tokens];
    for (int row = 0; row < rows; row++) {
      double sum = 0;
      for (int i = 0; i < tokens; i++) {
        p[row * tokens + i] = (float) Math.exp(deviation * random.nextGaussian());
        sum += p[row * tokens + i];
      }
      for (int i = 0; i < tokens; i++) {
        p[row * tokens + i] /= (float) sum;
      }
    }
    return p;
  }

  @Test
  void wrongArgumentsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> TwinGrid.probabilities(1, 0.5));
    assertThrows(IllegalArgumentException.class, () -> TwinGrid.probabilities(4, 1.5));
    assertThrows(IllegalArgumentException.class, () -> TwinGrid.signs(4, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> TwinGrid.signs(9, 1, 1));
  }
}
