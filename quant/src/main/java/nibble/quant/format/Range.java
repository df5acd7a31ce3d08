package nibble.quant.format;

/** Smallest and largest of some values; 0 .. 0 for none. */
record Range(float lo, float hi) {

  /**
   * The range of {@code count} strided values; an exception that starts with {@code name} if one is
   * not finite.
   */
  static Range of(String name, float[] x, int offset, int count, int stride) {
    if (count == 0) {
      return new Range(0, 0);
    }
    float lo = Float.POSITIVE_INFINITY;
    float hi = Float.NEGATIVE_INFINITY;
    float poison = 0; // NaN as soon as one value is NaN or infinite
    for (int i = 0; i < count; i++) {
      float value = x[offset + i * stride];
      lo = Math.min(lo, value);
      hi = Math.max(hi, value);
      poison += value * 0f;
    }
    if (poison != 0) {
      throw notFinite(name, x, offset, count, stride);
    }
    return new Range(lo, hi);
  }

  private static IllegalArgumentException notFinite(
      String name, float[] x, int offset, int count, int stride) {
    int i = 0;
    while (i < count - 1 && Float.isFinite(x[offset + i * stride])) {
      i++;
    }
    int at = offset + i * stride;
    return new IllegalArgumentException(
        "%s: element %d is %s, expected finite values; repair the checkpoint or leave this tensor in float"
            .formatted(name, at, x[at]));
  }
}
