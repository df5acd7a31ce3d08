package nibble.quant.noisyquant;

import java.util.SplittableRandom;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.Grid;

/**
 * The amplitude of the noise {@code n U}, U uniform in (-1, 1) for each channel, with the least
 * error of what the quantizer makes of {@code x + n U}:
 *
 * <pre>{@code QE(n) = mean (fq(x + n U) - n U - x)^2      n = 0, s / steps, 2 s / steps, ..., s}
 * </pre>
 *
 * <p>n = 0 is tried too, so noise never raises the error on the calibration data.
 */
final class NoiseSearch {
  private final int steps;
  private final int seeds;

  NoiseSearch(int steps, int seeds) {
    this.steps = steps;
    this.seeds = seeds;
  }

  /**
   * What was found.
   *
   * @param noise one number a channel; zeros where noise does not help
   * @param error mean squared error with it
   * @param plainError mean squared error without noise
   */
  record Found(float[] noise, double error, double plainError) {}

  /**
   * @param x rows of {@code width} channels, row-major
   */
  Found search(float[] x, int width, Grid grid, long seed, WorkSplitter splitter) {
    float[][] draws = new float[seeds][width];
    SplittableRandom random = new SplittableRandom(seed);
    for (float[] draw : draws) {
      for (int j = 0; j < width; j++) {
        draw[j] = (float) random.nextDouble(-1, 1);
      }
    }
    double[] errors = new double[1 + seeds * steps];
    splitter.run(
        errors.length, (i, scratch) -> errors[i] = error(x, noise(draws, i, width, grid), grid));
    int best = 0;
    for (int i = 1; i < errors.length; i++) {
      best = errors[i] < errors[best] ? i : best;
    }
    return new Found(noise(draws, best, width, grid), errors[best], errors[0]);
  }

  /** Candidate 0 is none; the others go through the amplitudes of each draw. */
  private float[] noise(float[][] draws, int candidate, int width, Grid grid) {
    float[] noise = new float[width];
    if (candidate > 0) {
      float amplitude = grid.scale() * ((candidate - 1) % steps + 1) / steps;
      float[] draw = draws[(candidate - 1) / steps];
      for (int j = 0; j < width; j++) {
        noise[j] = amplitude * draw[j];
      }
    }
    return noise;
  }

  static double error(float[] x, float[] noise, Grid grid) {
    double low = grid.format().minCode() - grid.zeroPoint();
    double high = grid.format().maxCode() - grid.zeroPoint();
    double scale = grid.scale();
    double sum = 0;
    for (int at = 0; at < x.length; at += noise.length) {
      for (int j = 0; j < noise.length; j++) {
        float shifted = x[at + j] + noise[j];
        double level = Math.max(low, Math.min(high, Math.rint(shifted / grid.scale())));
        double error = scale * level - shifted;
        sum += error * error;
      }
    }
    return sum / x.length;
  }
}
