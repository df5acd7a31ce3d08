package nibble.cli.bench;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.gemm.PackedMatrix;
import nibble.kernels.lowbit.IntWeights;

/** Random operands, the same in every run. */
final class Operands {
  /**
   * After so many numbers they repeat, which costs less time to make and nothing that is measured.
   * A prime, so that rows differ.
   */
  private static final int PERIOD = 4099;

  private final SplittableRandom random = new SplittableRandom(1);

  /** Standard normal numbers. */
  float[] normal(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = i < PERIOD ? (float) random.nextGaussian() : values[i - PERIOD];
    }
    return values;
  }

  /** A weight {@code [out, in]}, packed as F32. */
  PackedMatrix packed(int out, int in) {
    return Gemm.best()
        .pack(MemorySegment.ofArray(normal(out * in)), 0, Gemm.WeightType.F32, out, in);
  }

  /** Symmetric integer weights {@code [out, in]}. */
  IntWeights integers(int out, int in, int bits, int groupSize) {
    byte[] codes = new byte[out * in];
    random.nextBytes(codes);
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) (codes[i] >> 8 - bits);
    }
    float[] scales = new float[out * (in / groupSize)];
    Arrays.fill(scales, 0.01f);
    return IntWeights.packSymmetric(codes, scales, out, in, bits, groupSize);
  }
}
