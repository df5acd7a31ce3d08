package nibble.loaders.quantized;

import java.util.Arrays;
import java.util.stream.IntStream;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.PackedWeight;
import nibble.nn.packed.ReorderedWeight;
import org.jspecify.annotations.Nullable;

/**
 * Codes as files have them, on the way to what executes them. All codes and zero points are signed:
 * a file's unsigned one less {@code 2^(bits-1)}.
 *
 * @param codes {@code [out, in]}
 * @param scales {@code [out, groups]}
 * @param zeroPoints {@code [out, groups]}; null if all are {@code 0}, that is {@code 2^(bits-1)} in
 *     the file
 */
record GroupedCodes(
    int out,
    int in,
    int bits,
    int groupSize,
    byte[] codes,
    float[] scales,
    byte @Nullable [] zeroPoints) {

  /**
   * The weight whose groups are inputs that lie together.
   *
   * @throws IllegalArgumentException if no kernel takes such groups
   */
  PackedIntWeight weight(@Nullable ActivationQuantizer activations) {
    return new PackedIntWeight(
        zeroPoints == null ? symmetric() : asymmetric(zeroPoints), activations);
  }

  private IntWeights symmetric() {
    return IntWeights.packSymmetric(codes, scales, out, in, bits, groupSize);
  }

  private IntWeights asymmetric(byte[] zeros) {
    int offset = 1 << (bits - 1);
    int[] unsignedZeros = new int[zeros.length];
    Arrays.setAll(unsignedZeros, i -> zeros[i] + offset);
    byte[] unsigned = new byte[codes.length];
    for (int i = 0; i < codes.length; i++) {
      unsigned[i] = (byte) (codes[i] + offset);
    }
    return IntWeights.packAsymmetric(unsigned, scales, unsignedZeros, out, in, bits, groupSize);
  }

  /**
   * The same weight with zero points that are all in the middle left out, because symmetric kernels
   * are faster.
   */
  GroupedCodes simplified() {
    if (zeroPoints == null) {
      return this;
    }
    for (byte zero : zeroPoints) {
      if (zero != 0) {
        return this;
      }
    }
    return new GroupedCodes(out, in, bits, groupSize, codes, scales, null);
  }

  /**
   * The weight whose input {@code k} belongs to group {@code groupOf[k]}. Inputs of a group are
   * brought together; those of a product follow.
   *
   * @throws IllegalArgumentException if a group has more or fewer inputs than the others, or no
   *     kernel takes such groups
   */
  PackedWeight reordered(int[] groupOf) {
    int groups = scales.length / out;
    int[] order =
        IntStream.range(0, in)
            .boxed()
            .sorted((a, b) -> Integer.compare(groupOf[a], groupOf[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    boolean natural = true;
    for (int k = 0; k < in; k++) {
      if (groupOf[order[k]] != k / groupSize) {
        throw new IllegalArgumentException(
            "input %d is in group %d; expected groups 0 to %d of %d inputs each"
                .formatted(order[k], groupOf[order[k]], groups - 1, groupSize));
      }
      natural &= order[k] == k;
    }
    if (natural) {
      return weight(null);
    }
    byte[] sorted = new byte[codes.length];
    for (int row = 0; row < out; row++) {
      for (int k = 0; k < in; k++) {
        sorted[row * in + k] = codes[row * in + order[k]];
      }
    }
    return new ReorderedWeight(
        new GroupedCodes(out, in, bits, groupSize, sorted, scales, zeroPoints).weight(null), order);
  }
}
