package nibble.nn.packed;

import java.util.Random;
import nibble.kernels.lowbit.IntWeights;

/** Packed weights for tests. */
final class RandomIntWeights {
  private RandomIntWeights() {}

  /** Codes, scales and zero points of all values; {@code groups} groups of {@code groupSize}. */
  static IntWeights of(
      Random random, int bits, boolean symmetric, int out, int groups, int groupSize) {
    int in = groups * groupSize;
    byte[] codes = new byte[out * in];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) (random.nextInt(1 << bits) - (symmetric ? 1 << (bits - 1) : 0));
    }
    float[] scales = new float[out * groups];
    int[] zeroPoints = new int[scales.length];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = 0.001f + random.nextFloat();
      zeroPoints[i] = random.nextInt(1 << bits);
    }
    return symmetric
        ? IntWeights.packSymmetric(codes, scales, out, in, bits, groupSize)
        : IntWeights.packAsymmetric(codes, scales, zeroPoints, out, in, bits, groupSize);
  }
}
