package nibble.quant.isvit;

import java.util.Arrays;
import java.util.List;
import nibble.nn.site.LevelQuantizer;

/**
 * The shift-uniform-log2 grid of I&amp;S-ViT (<a
 * href="https://arxiv.org/abs/2311.10126">arXiv:2311.10126</a>, section 3.2, and the authors' code)
 * for values from 0 to 1:
 *
 * <pre>{@code
 * t = -log2(x + eta)     k = clamp(rint(t / s) + z, 0, 2^b - 1)     e = rint(s (k - z))     x^ = max(0, 2^-e - eta)
 * }</pre>
 *
 * <p>s and z cover the range of t with {@code 2^b - 1} steps (the authors' code uses {@code 2^b} in
 * its forward pass). {@code inner} false leaves e a fraction: better, but no longer a shift. Codes
 * that share an exponent share a level. Values below 0 are cut at 0, which is ours.
 */
final class ShiftUniformLog2 {
  /** The candidates of the authors' code. */
  static final List<Double> SHIFTS =
      List.of(0.001, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.1, 0.2, 0.5, 1.0);

  private ShiftUniformLog2() {}

  /** The grid with the least squared error of {@code x} of all {@link #SHIFTS}. */
  static LevelQuantizer search(int bits, float[] x, boolean inner) {
    LevelQuantizer best = null;
    double least = Double.POSITIVE_INFINITY;
    for (double shift : SHIFTS) {
      LevelQuantizer candidate = of(bits, x, shift, inner);
      double error = error(candidate, x);
      if (best == null || error < least) {
        least = error;
        best = candidate;
      }
    }
    if (best == null) {
      throw new IllegalStateException("there are no shifts");
    }
    return best;
  }

  static double error(LevelQuantizer quantizer, float[] x) {
    double sum = 0;
    for (float value : x) {
      double error = (double) value - quantizer.fakeQuantize(value);
      sum += error * error;
    }
    return sum;
  }

  /**
   * The grid that covers {@code x}.
   *
   * @param x from 0 to 1
   * @param shift eta, positive
   */
  static LevelQuantizer of(int bits, float[] x, double shift, boolean inner) {
    float lo = Float.POSITIVE_INFINITY;
    float hi = 0;
    for (float value : x) {
      lo = Math.min(lo, value);
      hi = Math.max(hi, value);
    }
    double first = -log2(hi + shift);
    double last = -log2(Math.min(lo, hi) + shift);
    int codes = 1 << bits;
    double s = Math.max((last - first) / (codes - 1), 1e-6);
    return of(codes, s, -Math.rint(first / s), shift, inner);
  }

  /** The grid of given scale and zero point in the logarithmic domain. */
  static LevelQuantizer of(int codes, double s, double z, double shift, boolean inner) {
    float[] levels = new float[codes];
    float[] thresholds = new float[codes];
    int count = 0;
    for (int k = codes - 1; k >= 0; k--) { // rising values
      double exponent = s * (k - z);
      float level =
          (float) Math.max(0, Math.pow(2, -(inner ? Math.rint(exponent) : exponent)) - shift);
      if (count > 0 && !(level > levels[count - 1])) {
        continue; // the exponent, or zero, again
      }
      if (count > 0) {
        double border = Math.pow(2, -s * (k + 0.5 - z)) - shift;
        thresholds[count - 1] =
            (float) Math.clamp(border, (double) levels[count - 1], (double) level);
      }
      levels[count++] = level;
    }
    if (count == 1) { // all values are alike
      return new LevelQuantizer(
          new float[] {levels[0], Math.nextUp(levels[0])}, new float[] {Math.nextUp(levels[0])});
    }
    return new LevelQuantizer(Arrays.copyOf(levels, count), Arrays.copyOf(thresholds, count - 1));
  }

  private static double log2(double x) {
    return Math.log(x) / Math.log(2);
  }
}
