package nibble.quant.ptq4vit;

import java.util.function.IntToDoubleFunction;

/**
 * The scales that are tried: the first one, and {@code first (low + i (high - low) / n)} for i from
 * 0 to n.
 */
record Candidates(int count, double low, double high) {
  /**
   * The scale with the least distance, the first one where none is better.
   *
   * @param first positive
   * @param distance of a scale
   */
  Found best(float first, Distance distance) {
    float best = first;
    double least = distance.of(first);
    double begin = least;
    for (int i = 0; i <= count; i++) {
      float scale = (float) (first * (low + i * (high - low) / count));
      double found = scale >= Float.MIN_NORMAL ? distance.of(scale) : Double.POSITIVE_INFINITY;
      if (found < least) {
        least = found;
        best = scale;
      }
    }
    return new Found(best, least, begin);
  }

  /** How far the output is from that in float. */
  @FunctionalInterface
  interface Distance {
    double of(float scale);
  }

  /**
   * What was found.
   *
   * @param scale the best one
   * @param distance with it
   * @param firstDistance with the first scale
   */
  record Found(float scale, double distance, double firstDistance) {}

  /** The number from 0 to {@code count - 1} with the least distance, the first of equals. */
  static int least(int count, IntToDoubleFunction distance) {
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      double found = distance.applyAsDouble(i);
      if (found < least) {
        least = found;
        best = i;
      }
    }
    return best;
  }
}
