package nibble.nn.online;

import java.util.SplittableRandom;

/**
 * The +1 and -1 that make a Hadamard transform random. They are drawn from a seed, so that a
 * checkpoint stores the seed only; the sequence is that of {@link SplittableRandom#nextBoolean}.
 */
public final class RandomSigns {
  private RandomSigns() {}

  /** {@code length} signs of {@code seed}. */
  public static float[] of(int length, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] signs = new float[length];
    for (int i = 0; i < length; i++) {
      signs[i] = random.nextBoolean() ? 1 : -1;
    }
    return signs;
  }
}
