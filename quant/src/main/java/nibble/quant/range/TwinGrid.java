package nibble.quant.range;

import java.util.Arrays;
import nibble.nn.site.LevelQuantizer;

/**
 * Two uniform grids that share the codes of b bits, one bit saying which grid: fine for the many
 * small values, coarse for the few large ones. {@code Q = 2^(b-1)}.
 *
 * <p>Yuan, Xue, Chen, Wu, Sun: <a href="https://arxiv.org/abs/2111.12293">arXiv:2111.12293</a>,
 * section 3.2. Every value takes one grid or the other; the authors' simulation adds both for
 * probabilities, which shifts them by about p and is worse than a uniform grid.
 */
public final class TwinGrid {
  /** The least value of GELU, negated: {@code -min x Phi(x)}. */
  public static final double GELU_DEPTH = 0.16997124254703522;

  private static final float GELU_LEAST = -0.1701f;

  private TwinGrid() {}

  /**
   * For probabilities, 0 to 1: {@code k p / (Q - 1)} up to p and {@code k / (Q - 1)} above, k from
   * 0 to Q - 1. The nearer grid is taken where both could be, so the result rises with the value.
   *
   * @param bits 2 to 8
   * @param split p, from 2^-30 to 1; a power of two lets integer arithmetic align both grids by
   *     shifts
   */
  public static LevelQuantizer probabilities(int bits, double split) {
    check(bits);
    if (!(split >= 0x1p-30 && split <= 1)) {
      throw new IllegalArgumentException("the split must be from 2^-30 to 1, was " + split);
    }
    int steps = (1 << (bits - 1)) - 1;
    float[] levels = new float[2 * steps + 1];
    int count = 0;
    for (int k = 0; k <= steps; k++) {
      levels[count++] = (float) (k * split / steps);
    }
    for (int k = 1; k <= steps; k++) {
      float level = (float) ((double) k / steps);
      if (level > levels[count - 1]) {
        levels[count++] = level;
      }
    }
    return LevelQuantizer.nearest(Arrays.copyOf(levels, count));
  }

  /**
   * For values after GELU: {@code -k negative} for k to Q and {@code k positive} for k to Q - 1.
   *
   * @param positive scale above 0
   * @param negative scale below 0, such as {@code GELU_DEPTH / Q}
   */
  public static LevelQuantizer signs(int bits, float positive, float negative) {
    check(bits);
    if (!(positive > 0 && negative > 0)
        || Float.isInfinite(positive)
        || Float.isInfinite(negative)) {
      throw new IllegalArgumentException(
          "both scales must be positive, were %s and %s".formatted(positive, negative));
    }
    int half = 1 << (bits - 1);
    float[] levels = new float[2 * half];
    for (int k = 0; k < levels.length; k++) {
      levels[k] = (k - half) * (k < half ? negative : positive);
    }
    return LevelQuantizer.nearest(levels);
  }

  /**
   * Whether values look like those behind GELU, which never falls below -0.17; other functions do
   * or stay at 0.
   */
  public static boolean isAfterGelu(float[] x) {
    float least = 0;
    for (float value : x) {
      least = Math.min(least, value);
    }
    return least < -0.1f && least >= GELU_LEAST;
  }

  private static void check(int bits) {
    if (bits < 2 || bits > 8) {
      throw new IllegalArgumentException("bit width must be from 2 to 8, was " + bits);
    }
  }
}
