package nibble.kernels.lowbit;

import java.util.Random;

/** Weights and activations for tests, from a seed. */
final class Cases {
  /** How codes are drawn. */
  enum Codes {
    RANDOM,
    ALL_MINIMUM,
    ALL_MAXIMUM
  }

  private Cases() {}

  static IntWeights weights(
      Random random, int out, int in, int bits, int groupSize, boolean symmetric, Codes kind) {
    byte[] codes = codes(random, out, in, bits, symmetric, kind);
    int groups = in / groupSize;
    float[] scales = new float[out * groups];
    boolean areHalves = random.nextBoolean();
    for (int i = 0; i < scales.length; i++) {
      float scale = 0.001f + random.nextFloat();
      scales[i] = areHalves ? Float.float16ToFloat(Float.floatToFloat16(scale)) : scale;
    }
    if (symmetric) {
      return IntWeights.packSymmetric(codes, scales, out, in, bits, groupSize);
    }
    int[] zeroPoints = new int[scales.length];
    for (int i = 0; i < zeroPoints.length; i++) {
      zeroPoints[i] =
          switch (kind) {
            case RANDOM -> random.nextInt(1 << bits);
            case ALL_MINIMUM -> (1 << bits) - 1; // the extreme levels
            case ALL_MAXIMUM -> 0;
          };
    }
    return IntWeights.packAsymmetric(codes, scales, zeroPoints, out, in, bits, groupSize);
  }

  static byte[] codes(Random random, int out, int in, int bits, boolean symmetric, Codes kind) {
    byte[] codes = new byte[out * in];
    int low = symmetric ? -(1 << (bits - 1)) : 0;
    for (int i = 0; i < codes.length; i++) {
      codes[i] =
          (byte)
              switch (kind) {
                case RANDOM -> low + random.nextInt(1 << bits);
                case ALL_MINIMUM -> low;
                case ALL_MAXIMUM -> low + (1 << bits) - 1;
              };
    }
    return codes;
  }

  /** Normal values; every eighth row is large. */
  static float[] activations(Random random, int length) {
    float[] x = new float[length];
    float size = random.nextInt(8) == 0 ? 1000 : 1;
    for (int i = 0; i < length; i++) {
      x[i] = size * (float) random.nextGaussian();
    }
    return x;
  }
}
