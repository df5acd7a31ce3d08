package nibble.quant.range;

import nibble.nn.site.LevelQuantizer;

/**
 * Levels {@code delta 2^(-k step)} for values from 0 to delta: {@code step} 1 is log2, 1/2
 * log-sqrt2 (RepQ-ViT), {@code q / 37} AdaLog. Rounds to the nearest exponent, {@code k =
 * round(-log2(x / delta) / step)}; values above delta take delta.
 */
public final class LogGrid {
  /** What stands for values that are too small for the last exponent. */
  public enum Zero {
    /** The last exponent: all {@code 2^b} codes are exponents. */
    NONE,
    /** One code is 0: the exponents are {@code 0 .. 2^b - 2}. The honest form of b bits. */
    RESERVED,
    /**
     * 0 beside {@code 2^b} exponents, {@code 2^b + 1} symbols: the simulation of RepQ-ViT and
     * others.
     */
    EXTRA
  }

  private LogGrid() {}

  /**
   * The quantizer of {@code bits} bits.
   *
   * @param delta largest level, positive
   * @param step between exponents, in powers of two
   */
  public static LevelQuantizer of(int bits, float delta, double step, Zero zero) {
    if (bits < 2
        || bits > 8
        || !(delta > 0)
        || Float.isInfinite(delta)
        || !(step > 0 && step <= 8)) {
      throw new IllegalArgumentException(
          "a logarithmic grid needs 2 to 8 bits, a positive delta and a step up to 8, found %d, %s, %s"
              .formatted(bits, delta, step));
    }
    int exponents = zero == Zero.RESERVED ? (1 << bits) - 1 : 1 << bits;
    while (exponents > 1
        && !((float) (delta * Math.pow(2, -step * (exponents - 1))) > 2 * Float.MIN_NORMAL)) {
      exponents--; // levels that a float cannot hold are zero
    }
    boolean hasZero = zero != Zero.NONE;
    int first = hasZero ? 1 : 0;
    float[] levels = new float[exponents + first];
    float[] thresholds = new float[levels.length - 1];
    for (int k = 0; k < exponents; k++) {
      levels[levels.length - 1 - k] = (float) (delta * Math.pow(2, -step * k));
      if (k + 1 < exponents || hasZero) {
        thresholds[thresholds.length - 1 - k] = (float) (delta * Math.pow(2, -step * (k + 0.5)));
      }
    }
    return new LevelQuantizer(levels, thresholds);
  }
}
