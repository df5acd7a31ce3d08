package nibble.kernels.rowwise;

import org.jspecify.annotations.Nullable;

/**
 * Scale and zero point of one group, from its extremes: shared by the implementations of {@link
 * Quantize}.
 */
final class Grids {
  private Grids() {}

  /** {@code ceil(columns / groupSize)}, checked. */
  static int groups(int columns, int groupSize) {
    if (groupSize < 1) {
      throw new IllegalArgumentException("group size must be positive, was " + groupSize);
    }
    return columns / groupSize + (columns % groupSize == 0 ? 0 : 1);
  }

  static float symmetricScale(float maxAbs, CodeRange range, float clip) {
    float bound = maxAbs * clip;
    return Math.max(bound == 0 ? 1f / range.max() : bound / range.max(), Float.MIN_NORMAL);
  }

  static void asymmetricScale(
      float min,
      float max,
      CodeRange range,
      float clip,
      float[] scales,
      int scaleAt,
      float[] zeroPoints,
      int zeroAt) {
    float lo = Math.min(min, 0) * clip;
    float hi = Math.max(max, 0) * clip;
    if (lo == hi) {
      lo = -1;
      hi = 1;
    }
    float scale = Math.max((hi - lo) / (range.max() - range.min()), Float.MIN_NORMAL);
    scales[scaleAt] = scale;
    zeroPoints[zeroAt] = (float) Math.rint(-lo / scale) + range.min();
  }

  static float zeroPoint(float @Nullable [] zeroPoints, int at) {
    return zeroPoints == null ? 0 : zeroPoints[at];
  }
}
