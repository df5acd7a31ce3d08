package nibble.quant.format;

/**
 * The values that codes with one scale stand for: {@code scale * (code - zeroPoint)}.
 *
 * <p>Rounding is half to even after a division in float, as tensor libraries do it.
 *
 * @param scale positive and finite
 * @param zeroPoint code of 0.0; 0 unless the format is asymmetric
 */
public record Grid(IntFormat format, float scale, int zeroPoint) {
  public Grid {
    if (!(scale > 0) || Float.isInfinite(scale)) {
      throw new IllegalArgumentException("scale must be positive and finite, was " + scale);
    }
    if (format.isAsymmetric()
        ? zeroPoint < format.minCode() || zeroPoint > format.maxCode()
        : zeroPoint != 0) {
      throw new IllegalArgumentException(
          "zero point %d does not fit %s".formatted(zeroPoint, format));
    }
  }

  /**
   * The grid that just covers {@code lo .. hi}. The range is widened to include 0; a range of zero
   * width becomes {@code -1 .. 1}.
   *
   * @throws IllegalArgumentException if a bound is not finite or {@code lo > hi}
   */
  public static Grid covering(IntFormat format, float lo, float hi) {
    if (!(lo <= hi) || Float.isInfinite(lo) || Float.isInfinite(hi)) {
      throw new IllegalArgumentException(
          "range must be finite and ordered, was %s .. %s".formatted(lo, hi));
    }
    float low = Math.min(0f, lo);
    float high = Math.max(0f, hi);
    if (low == high) {
      low = -1f;
      high = 1f;
    }
    float largest = Math.max(-low, high);
    return switch (format.symmetry()) {
      case SYMMETRIC -> new Grid(format, usable(largest / format.maxCode()), 0);
      case SYMMETRIC_OFFSET -> new Grid(format, usable(width(-largest, largest, format)), 0);
      case ASYMMETRIC -> {
        float scale = usable(width(low, high, format));
        int unsigned = (int) Math.rint(-low / scale);
        yield new Grid(
            format,
            scale,
            Math.clamp(unsigned + format.minCode(), format.minCode(), format.maxCode()));
      }
    };
  }

  private static float width(float low, float high, IntFormat format) {
    int steps = (1 << format.bits()) - 1;
    float range = high - low;
    return Float.isInfinite(range) ? high / steps - low / steps : range / steps;
  }

  /** Scales below the smallest normal number lose precision or vanish. */
  private static float usable(float scale) {
    return Math.max(scale, Float.MIN_NORMAL);
  }

  /** The code nearest to {@code x}, clamped to the format. {@code x} must not be NaN. */
  public int quantize(float x) {
    return quantize(x, scale, zeroPoint, format.minCode(), format.maxCode());
  }

  /** The value of a code. */
  public float dequantize(int code) {
    return scale * (code - zeroPoint);
  }

  /** The value that {@code x} becomes. */
  public float fakeQuantize(float x) {
    return dequantize(quantize(x));
  }

  /** Smallest value of the grid. */
  public float lowest() {
    return dequantize(format.minCode());
  }

  /** Largest value of the grid. */
  public float highest() {
    return dequantize(format.maxCode());
  }

  /**
   * The code nearest to {@code x} on a grid given by its parts; for inner loops. {@code x} must not
   * be NaN.
   */
  public static int quantize(float x, float scale, int zeroPoint, IntFormat format) {
    return quantize(x, scale, zeroPoint, format.minCode(), format.maxCode());
  }

  static int quantize(float x, float scale, int zeroPoint, int minCode, int maxCode) {
    double code = Math.rint(x / scale) + zeroPoint;
    return (int) Math.max(minCode, Math.min(maxCode, code));
  }
}
