package nibble.quant.model;

import java.util.Arrays;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.BinaryWeights;
import nibble.kernels.lowbit.IntWeights;
import nibble.nn.packed.FloatColumnsWeight;
import nibble.nn.packed.PackedBinaryWeight;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.PackedWeight;
import nibble.nn.packed.SparseSideWeight;
import nibble.quant.bcq.BinaryCodedTensor;
import nibble.quant.format.FloatColumnsTensor;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.format.SparseTensor;
import nibble.quant.quipsharp.LatticeTensor;
import nibble.tensor.DType;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Codes of a method to the layouts of the low-bit kernels. */
public final class PackedLayers {
  private PackedLayers() {}

  /**
   * The form in which {@code codes} run.
   *
   * @throws IllegalArgumentException when no kernel executes them; the message says what would be
   */
  public static PackedWeight executable(
      String layer, QuantizedWeight codes, @Nullable ActivationQuantizer activations) {
    try {
      if (codes instanceof QuantizedTensor integers) {
        return new PackedIntWeight(pack(integers), activations);
      }
      if (codes instanceof SparseTensor sparse) {
        return new SparseSideWeight(
            new PackedIntWeight(pack(sparse.codes()), activations), sparse.side());
      }
      if (codes instanceof FloatColumnsTensor mixed) {
        Tensor columns =
            Tensor.of(mixed.columns(), mixed.out(), mixed.inputs().length).to(DType.F16);
        return new FloatColumnsWeight(
            new PackedIntWeight(pack(mixed.codes()), activations), columns, mixed.inputs());
      }
      if (codes instanceof LatticeTensor lattice) {
        if (activations != null) {
          throw new IllegalArgumentException(
              "no kernel multiplies lattice codes with integer activations; leave activations in"
                  + " float (A16), or choose method rtn or gptq");
        }
        return lattice.weight();
      }
      if (codes instanceof BinaryCodedTensor binary) {
        if (activations != null) {
          throw new IllegalArgumentException(
              "no kernel multiplies binary codes with integer activations; leave activations in"
                  + " float (A16), or choose method rtn or gptq");
        }
        return new PackedBinaryWeight(pack(binary));
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("'" + layer + "': " + e.getMessage(), e);
    }
    throw new IllegalArgumentException(
        "'"
            + layer
            + "': no kernel executes weights of format "
            + codes.formatName()
            + "; choose an integer scheme");
  }

  /**
   * The form in which rows of a table are read.
   *
   * @throws IllegalArgumentException when the kernels have no such group size; the message says
   *     which they have
   */
  public static PackedIntWeight table(String name, QuantizedTensor codes) {
    try {
      return new PackedIntWeight(pack(codes), null);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("'" + name + "': " + e.getMessage(), e);
    }
  }

  /** The packed form of {@code codes}; offsets that are all 0 are left out. */
  static BinaryWeights pack(BinaryCodedTensor codes) {
    int out = codes.out();
    int in = codes.in();
    byte[] bits = new byte[Math.multiplyExact(out, in)];
    for (int row = 0; row < out; row++) {
      for (int i = 0; i < in; i++) {
        bits[row * in + i] = (byte) codes.code(row, i);
      }
    }
    float[] offsets = codes.hasOffsets() ? codes.offsets() : null;
    return BinaryWeights.pack(
        bits, codes.scales(), offsets, out, in, codes.planes(), Math.min(codes.groupSize(), in));
  }

  /**
   * The packed form of {@code codes}; one scale for the whole tensor becomes the same scale for
   * every channel.
   *
   * @throws IllegalArgumentException when the kernels have no such group size; the message says
   *     which they have
   */
  public static IntWeights pack(QuantizedTensor codes) {
    QuantParams params = codes.params();
    int out = codes.out();
    int in = codes.in();
    int groups = params.groupsPerRow();
    int groupSize = groups == 1 ? in : params.groupSize();
    float[] scales = new float[out * groups];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = params.scales()[params.scales().length == 1 ? 0 : i];
    }
    if (!params.format().isAsymmetric()) {
      return IntWeights.packSymmetric(codes.codes(), scales, out, in, codes.bits(), groupSize);
    }
    int offset = 1 << (codes.bits() - 1);
    byte[] unsigned = Arrays.copyOf(codes.codes(), codes.codes().length);
    for (int i = 0; i < unsigned.length; i++) {
      unsigned[i] = (byte) (unsigned[i] + offset);
    }
    int[] zeroPoints = new int[scales.length];
    for (int i = 0; i < zeroPoints.length; i++) {
      zeroPoints[i] = params.zeroPoints()[params.zeroPoints().length == 1 ? 0 : i] + offset;
    }
    return IntWeights.packAsymmetric(
        unsigned, scales, zeroPoints, out, in, codes.bits(), groupSize);
  }
}
