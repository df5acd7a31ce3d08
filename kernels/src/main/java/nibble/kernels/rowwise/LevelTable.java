package nibble.kernels.rowwise;

/**
 * A rising list of levels with the thresholds between them. The code of x is the number of
 * thresholds that x reaches, its level the one of that number. Immutable.
 */
public final class LevelTable {
  /** Most levels: those of 8 bits and a zero beside them. */
  public static final int MAX_LEVELS = 257;

  /** Floats whose first bits are the same: sign, exponent and three bits of the mantissa. */
  private static final int BUCKET_SHIFT = 20;

  private final float[] levels;
  private final float[] thresholds;
  private final short[] firstCodes;

  /**
   * Copies both.
   *
   * @param levels rising and finite, 2 to {@value #MAX_LEVELS}
   * @param thresholds not falling, one fewer, each from the level below it to the one above: {@code
   *     x >= thresholds[i]} takes a level above {@code levels[i]}
   * @throws IllegalArgumentException if they are not
   */
  public LevelTable(float[] levels, float[] thresholds) {
    if (levels.length < 2 || levels.length > MAX_LEVELS || thresholds.length != levels.length - 1) {
      throw new IllegalArgumentException(
          "a grid has 2 to %d levels and one threshold fewer, found %d and %d"
              .formatted(MAX_LEVELS, levels.length, thresholds.length));
    }
    for (int i = 0; i < levels.length; i++) {
      if (!Float.isFinite(levels[i]) || (i > 0 && !(levels[i] > levels[i - 1]))) {
        throw new IllegalArgumentException(
            "levels must be finite and rise, level %d is %s".formatted(i, levels[i]));
      }
    }
    for (int i = 0; i < thresholds.length; i++) {
      if (!(thresholds[i] >= levels[i] && thresholds[i] <= levels[i + 1])) {
        throw new IllegalArgumentException(
            "threshold %d is %s, expected a value from %s to %s"
                .formatted(i, thresholds[i], levels[i], levels[i + 1]));
      }
    }
    this.levels = levels.clone();
    this.thresholds = thresholds.clone();
    firstCodes = firstCodes(thresholds);
  }

  /** The code of the smallest float of each bucket; a few comparisons are left for the others. */
  private static short[] firstCodes(float[] thresholds) {
    short[] codes = new short[1 << (Integer.SIZE - BUCKET_SHIFT)];
    int code = 0;
    for (int bucket = 0; bucket < codes.length; bucket++) {
      int bits = bucket << BUCKET_SHIFT;
      float smallest = Float.intBitsToFloat(bits < 0 ? bits ^ Integer.MIN_VALUE : ~bits);
      while (code < thresholds.length && smallest >= thresholds[code]) {
        code++;
      }
      codes[bucket] = (short) code;
    }
    return codes;
  }

  /** Rises with x, from the most negative float at 0 on. */
  private static int bucket(float x) {
    int bits = Float.floatToRawIntBits(x);
    return (bits ^ (bits >> 31 | Integer.MIN_VALUE)) >>> BUCKET_SHIFT;
  }

  /** A copy of the levels. */
  public float[] levels() {
    return levels.clone();
  }

  /** A copy of the thresholds. */
  public float[] thresholds() {
    return thresholds.clone();
  }

  /** Number of levels. */
  public int size() {
    return levels.length;
  }

  /** The lowest level. */
  public float lowest() {
    return levels[0];
  }

  /** The highest level. */
  public float highest() {
    return levels[levels.length - 1];
  }

  /** The number of the level that {@code x} takes; 0 for NaN. */
  public int code(float x) {
    int code = Float.isNaN(x) ? 0 : firstCodes[bucket(x)];
    while (code < thresholds.length && x >= thresholds[code]) {
      code++;
    }
    return code;
  }

  /** The level that {@code x} takes; NaN for NaN. */
  public float level(float x) {
    return Float.isNaN(x) ? x : levels[code(x)];
  }

  /** The levels themselves, for kernels; not to be written. */
  float[] sharedLevels() {
    return levels;
  }

  /** The thresholds themselves, for kernels; not to be written. */
  float[] sharedThresholds() {
    return thresholds;
  }
}
