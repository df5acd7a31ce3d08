package nibble.cli.synthetic;

/**
 * Random numbers whose values are fixed for all time by this file: SplitMix64 (Steele, Lea, Flood:
 * Fast splittable pseudorandom number generators, OOPSLA 2014). The generators of the Java library
 * may change how they derive floats from bits, and then every picture would change.
 */
final class Dice {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  Dice(long seed) {
    state = seed;
  }

  /** Starts a new, unrelated sequence. */
  void reseed(long seed) {
    state = seed;
  }

  long bits() {
    return mix(state += GOLDEN_GAMMA);
  }

  /** A bijection on 64-bit numbers that leaves no visible relation between input and output. */
  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** Uniform in [0, 1), a multiple of 2^-24. */
  float unit() {
    return (bits() >>> 40) * 0x1p-24f;
  }

  float between(float low, float high) {
    return low + (high - low) * unit();
  }

  /** Uniform in 0 .. bound - 1. */
  int below(int bound) {
    return (int) ((bits() >>> 33) * bound >>> 31);
  }

  boolean chance(float probability) {
    return unit() < probability;
  }
}
