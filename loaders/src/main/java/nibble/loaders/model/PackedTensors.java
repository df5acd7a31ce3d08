package nibble.loaders.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.loaders.safetensors.TensorSource;
import nibble.nn.packed.CodePacking;
import nibble.nn.packed.PackedIntWeight;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/** The tensors of one packed weight as {@link PackedCheckpoint} reads them. */
final class PackedTensors {
  private PackedTensors() {}

  /**
   * @param name of the float weight, ending in {@code .weight}
   * @param packed the weight
   */
  static List<TensorSource> of(String name, PackedIntWeight packed) {
    IntWeights weights = packed.weights();
    int out = weights.out();
    int in = weights.in();
    int bits = weights.bits();
    int groups = weights.groups();
    List<TensorSource> tensors = new ArrayList<>();
    Shape words = Shape.of(out, CodePacking.wordsFor(in, bits));
    tensors.add(new TensorSource(name + "_packed", DType.I32, words, () -> ints(CodePacking.pack(codes(weights), out, in, bits), words)));
    tensors.add(new TensorSource(name + "_scale", DType.F32, Shape.of(out, groups), () -> scales(weights)));
    tensors.add(shape(name, out, in));
    if (!weights.isSymmetric()) {
      Shape zeros = Shape.of(CodePacking.wordsFor(out, bits), groups);
      tensors.add(
          new TensorSource(
              name + "_zero_point", DType.I32, zeros, () -> ints(CodePacking.packColumns(zeroPoints(weights), out, groups, bits), zeros)));
    }
    if (packed.activations() instanceof ActivationQuantizer.PerTensor fixed) {
      tensors.addAll(staticScale(name.substring(0, name.length() - ".weight".length()), fixed));
    }
    return tensors;
  }

  private static List<TensorSource> staticScale(String module, ActivationQuantizer.PerTensor fixed) {
    List<TensorSource> tensors = new ArrayList<>();
    tensors.add(TensorSource.of(module + ".input_scale", Tensor.of(new float[] {fixed.scale()}, 1)));
    if (!fixed.symmetric()) {
      byte signed = (byte) (fixed.zeroPoint() - (1 << (fixed.bits() - 1)));
      MemorySegment data = MemorySegment.ofArray(new byte[] {signed});
      tensors.add(TensorSource.of(module + ".input_zero_point", Tensor.ofSegment(data, DType.I8, Shape.of(1))));
    }
    return tensors;
  }

  private static byte[] codes(IntWeights weights) {
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

  private static byte[] zeroPoints(IntWeights weights) {
    byte[] zeroPoints = new byte[weights.out() * weights.groups()];
    int offset = 1 << (weights.bits() - 1);
    for (int row = 0; row < weights.out(); row++) {
      for (int group = 0; group < weights.groups(); group++) {
        zeroPoints[row * weights.groups() + group] = (byte) (weights.zeroPoint(row, group) - offset);
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

  /** The tensor that says what the shape of the float weight is. */
  static TensorSource shape(String name, int out, int in) {
    return TensorSource.of(name + "_shape", Tensor.ofSegment(MemorySegment.ofArray(new long[] {out, in}), DType.I64, Shape.of(2)));
  }

  static Tensor ints(int[] values, Shape shape) {
    return Tensor.ofSegment(MemorySegment.ofArray(values), DType.I32, shape);
  }
}
