package nibble.loaders.quantized;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.loaders.safetensors.TensorSource;
import nibble.nn.packed.CodePacking;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.ReorderedWeight;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/** The tensors of one packed weight as {@link PackQuantizedForm} reads them. */
public final class PackedTensors {
  private PackedTensors() {}

  /**
   * @param name of the float weight, ending in {@code .weight}
   * @param packed the weight
   */
  public static List<TensorSource> of(String name, PackedIntWeight packed) {
    IntWeights weights = packed.weights();
    int out = weights.out();
    int in = weights.in();
    int bits = weights.bits();
    int groups = weights.groups();
    List<TensorSource> tensors = new ArrayList<>();
    Shape words = Shape.of(out, CodePacking.wordsFor(in, bits));
    tensors.add(
        new TensorSource(name + "_packed", DType.I32, words, () -> ints(words(weights), words)));
    tensors.add(
        new TensorSource(name + "_scale", DType.F32, Shape.of(out, groups), () -> scales(weights)));
    tensors.add(WeightShape.tensor(name, out, in));
    if (!weights.isSymmetric()) {
      Shape zeros = Shape.of(CodePacking.wordsFor(out, bits), groups);
      tensors.add(
          new TensorSource(
              name + "_zero_point",
              DType.I32,
              zeros,
              () -> ints(CodePacking.packColumns(zeroPoints(weights), out, groups, bits), zeros)));
    }
    if (packed.activations() instanceof ActivationQuantizer.PerTensor fixed) {
      tensors.addAll(staticScale(CodeTensors.module(name), fixed));
    }
    return tensors;
  }

  /**
   * The tensors of a weight whose groups are spread over the inputs: codes in the order of the
   * inputs, and the group of each.
   *
   * @param name of the float weight, ending in {@code .weight}
   */
  public static List<TensorSource> of(String name, ReorderedWeight reordered) {
    IntWeights weights = reordered.weight().weights();
    int out = weights.out();
    int in = weights.in();
    List<TensorSource> tensors = new ArrayList<>(of(name, reordered.weight()));
    Shape words = Shape.of(out, CodePacking.wordsFor(in, weights.bits()));
    tensors.removeIf(tensor -> tensor.name().equals(name + "_packed"));
    tensors.add(
        new TensorSource(
            name + "_packed",
            DType.I32,
            words,
            () ->
                ints(
                    CodePacking.pack(
                        inOrder(codes(weights), reordered.order()), out, in, weights.bits()),
                    words)));
    int[] groups = new int[in];
    for (int k = 0; k < in; k++) {
      groups[reordered.order()[k]] = k / weights.groupSize();
    }
    tensors.add(TensorSource.of(name + "_g_idx", ints(groups, Shape.of(in))));
    return tensors;
  }

  /** Codes {@code [out, in]} in the order of the inputs. */
  static byte[] inOrder(byte[] codes, int[] order) {
    byte[] result = new byte[codes.length];
    for (int i = 0; i < codes.length; i++) {
      result[i - i % order.length + order[i % order.length]] = codes[i];
    }
    return result;
  }

  private static List<TensorSource> staticScale(
      String module, ActivationQuantizer.PerTensor fixed) {
    List<TensorSource> tensors = new ArrayList<>();
    tensors.add(
        TensorSource.of(module + ".input_scale", Tensor.of(new float[] {fixed.scale()}, 1)));
    if (!fixed.symmetric()) {
      byte signed = (byte) (fixed.zeroPoint() - (1 << (fixed.bits() - 1)));
      MemorySegment data = MemorySegment.ofArray(new byte[] {signed});
      tensors.add(
          TensorSource.of(
              module + ".input_zero_point", Tensor.ofSegment(data, DType.I8, Shape.of(1))));
    }
    return tensors;
  }

  /** Signed codes as words, a row at a time. */
  private static int[] words(IntWeights weights) {
    int in = weights.in();
    int bits = weights.bits();
    int offset = weights.isSymmetric() ? 0 : 1 << (bits - 1);
    int perRow = CodePacking.wordsFor(in, bits);
    int[] words = new int[Math.multiplyExact(weights.out(), perRow)];
    byte[] codes = new byte[in];
    for (int row = 0; row < weights.out(); row++) {
      weights.unpack(row, codes, 0);
      for (int i = 0; i < in; i++) {
        codes[i] = (byte) (codes[i] - offset);
      }
      System.arraycopy(CodePacking.pack(codes, 1, in, bits), 0, words, row * perRow, perRow);
    }
    return words;
  }

  static byte[] codes(IntWeights weights) {
    byte[] codes = new byte[Math.multiplyExact(weights.out(), weights.in())];
    int offset = weights.isSymmetric() ? 0 : 1 << (weights.bits() - 1);
    for (int row = 0; row < weights.out(); row++) {
      weights.unpack(row, codes, row * weights.in());
    }
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) (codes[i] - offset);
    }
    return codes;
  }

  static byte[] zeroPoints(IntWeights weights) {
    byte[] zeroPoints = new byte[weights.out() * weights.groups()];
    int offset = 1 << (weights.bits() - 1);
    for (int row = 0; row < weights.out(); row++) {
      for (int group = 0; group < weights.groups(); group++) {
        zeroPoints[row * weights.groups() + group] =
            (byte) (weights.zeroPoint(row, group) - offset);
      }
    }
    return zeroPoints;
  }

  private static Tensor scales(IntWeights weights) {
    float[] scales = new float[weights.out() * weights.groups()];
    for (int row = 0; row < weights.out(); row++) {
      for (int group = 0; group < weights.groups(); group++) {
        scales[row * weights.groups() + group] = weights.scale(row, group);
      }
    }
    return Tensor.of(scales, weights.out(), weights.groups());
  }

  static Tensor ints(int[] values, Shape shape) {
    return Tensor.ofSegment(MemorySegment.ofArray(values), DType.I32, shape);
  }
}
