package nibble.nn.vit;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Learned positions of a square grid of patches, resampled to another grid as {@code
 * torch.nn.functional.interpolate(mode="bicubic", align_corners=False)} does it, with a gradient.
 *
 * <p>Keys, "Cubic convolution interpolation for digital image processing", 1981: the kernel with
 * {@code a = -0.75} between neighbours, border repeated; with antialiasing {@code a = -0.5},
 * widened by the ratio of the grids when they shrink, its weights divided by their sum.
 */
final class PositionGrid {
  private static final double SHARP = -0.75;
  private static final double SMOOTH = -0.5;
  private static final int SUPPORT = 2;

  private PositionGrid() {}

  /**
   * The positions of a grid of {@code down} by {@code across} patches.
   *
   * @param learned {@code [1, special + from * from, width]}; the first ones belong to special
   *     tokens and stay
   */
  static Tensor fit(
      Ops ops, Tensor learned, int special, int from, int down, int across, boolean antialias) {
    if (down == from && across == from) {
      return learned;
    }
    Tensor resampled =
        resample(
            ops, ops.slice(learned, 1, special, learned.dim(1)), from, down, across, antialias);
    return special == 0 ? resampled : ops.concat(1, ops.slice(learned, 1, 0, special), resampled);
  }

  /** {@code positions [1, from * from, width]} as {@code [1, down * across, width]}. */
  private static Tensor resample(
      Ops ops, Tensor positions, int from, int down, int across, boolean antialias) {
    int width = positions.dim(2);
    Tensor rows =
        ops.matmul(weights(from, down, antialias), ops.reshape(positions, from, from * width));
    Tensor both =
        ops.matmul(weights(from, across, antialias), ops.reshape(rows, down, from, width));
    return ops.reshape(both, 1, down * across, width);
  }

  /**
   * Row {@code i} says how much of each old place is in the new place {@code i}: {@code [to,
   * from]}.
   */
  static Tensor weights(int from, int to, boolean antialias) {
    float[] weights = new float[to * from];
    double ratio = (double) from / to;
    for (int i = 0; i < to; i++) {
      if (antialias) {
        smooth(i, ratio, from, weights, i * from);
      } else {
        sharp(i, ratio, from, weights, i * from);
      }
    }
    return Tensor.of(weights, to, from);
  }

  private static void sharp(int i, double ratio, int from, float[] weights, int at) {
    double place = (i + 0.5) * ratio - 0.5;
    int first = (int) Math.floor(place);
    for (int k = 1 - SUPPORT; k <= SUPPORT; k++) {
      weights[at + Math.clamp(first + k, 0, from - 1)] += (float) cubic(place - first - k, SHARP);
    }
  }

  private static void smooth(int i, double ratio, int from, float[] weights, int at) {
    double stretch = Math.max(ratio, 1);
    double centre = (i + 0.5) * ratio;
    int first = Math.max((int) (centre - SUPPORT * stretch + 0.5), 0);
    int end = Math.min((int) (centre + SUPPORT * stretch + 0.5), from);
    double sum = 0;
    for (int k = first; k < end; k++) {
      sum += cubic((k - centre + 0.5) / stretch, SMOOTH);
    }
    for (int k = first; k < end; k++) {
      weights[at + k] = (float) (cubic((k - centre + 0.5) / stretch, SMOOTH) / sum);
    }
  }

  private static double cubic(double distance, double a) {
    double x = Math.abs(distance);
    if (x <= 1) {
      return ((a + 2) * x - (a + 3)) * x * x + 1;
    }
    return x < SUPPORT ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
  }
}
