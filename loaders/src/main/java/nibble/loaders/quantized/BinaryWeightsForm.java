package nibble.loaders.quantized;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.kernels.lowbit.BinaryWeights;
import nibble.loaders.BadFileException;
import nibble.loaders.safetensors.TensorFile;
import nibble.loaders.safetensors.TensorSource;
import nibble.nn.packed.PackedBinaryWeight;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Binary-coded weights, in a format of our own: for a weight {@code x.weight [out, in]} the tensors
 * {@code x.weight_bcq_bits} (I32 {@code [planes, out, ceil(in / 32)]}, the first of 32 inputs in
 * bit 0, bits after the last input 0), {@code x.weight_bcq_scale} (F32 {@code [out, groups,
 * planes]}), {@code x.weight_shape} (I64), and {@code x.weight_bcq_offset} (F32 {@code [out,
 * groups]}) if there are offsets. See {@link BinaryCoding} for what {@code config.json} says about
 * them.
 */
public final class BinaryWeightsForm extends ShapedForm {
  private static final String BITS = "_bcq_bits";
  private static final String SCALE = "_bcq_scale";
  private static final String OFFSET = "_bcq_offset";
  private static final String WEIGHT = ".weight";
  private static final int WORD_INPUTS = 32;
  private static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final BinaryCoding coding;

  /**
   * @throws BadFileException if {@code coding} names a module without codes
   */
  BinaryWeightsForm(TensorFile file, BinaryCoding coding) {
    super(file, BITS);
    this.coding = coding;
    for (String module : coding.modules()) {
      if (!has(module + WEIGHT)) {
        throw coding.error(
            "names module '"
                + module
                + "', but there is no tensor '"
                + module
                + WEIGHT
                + BITS
                + "'; config.json and weights do not belong together");
      }
    }
  }

  @Override
  public Optional<PackedWeight> executed(String name) {
    Shape shape = shape(name);
    return Optional.of(weight(name, shape.dim(0), shape.dim(1)));
  }

  private PackedBinaryWeight weight(String name, int out, int in) {
    String module = CodeTensors.module(name);
    BinaryCoding.Form form =
        coding
            .formOf(module)
            .orElseThrow(
                () ->
                    tensors.bad(
                        name + BITS,
                        "holds binary codes, but config.json has no '"
                            + BinaryCoding.KEY
                            + "' for '"
                            + module
                            + "'"));
    int planes = form.planes();
    int groupSize = form.groupSize() == 0 ? in : form.groupSize();
    int groups = Math.ceilDiv(in, groupSize);
    if (!form.hasOffset() && tensors.has(name + OFFSET)) {
      throw tensors.bad(
          name + OFFSET, "is there, but config.json says that '" + module + "' has no offsets");
    }
    float[] scales = tensors.tensor(name + SCALE, DType.F32, out, groups, planes).toFloats();
    float[] offsets =
        form.hasOffset() ? tensors.tensor(name + OFFSET, DType.F32, out, groups).toFloats() : null;
    byte[] codes = codes(name + BITS, out, in, planes);
    try {
      return new PackedBinaryWeight(
          BinaryWeights.pack(codes, scales, offsets, out, in, planes, groupSize));
    } catch (IllegalArgumentException e) {
      throw tensors.bad(name + BITS, "cannot be executed: " + e.getMessage());
    }
  }

  private byte[] codes(String name, int out, int in, int planes) {
    int words = Math.ceilDiv(in, WORD_INPUTS);
    MemorySegment bits = tensors.tensor(name, DType.I32, planes, out, words).segment();
    byte[] codes = new byte[Math.multiplyExact(out, in)];
    for (int plane = 0; plane < planes; plane++) {
      for (int row = 0; row < out; row++) {
        for (int word = 0; word < words; word++) {
          int value = bits.get(WORD, 4L * (((long) plane * out + row) * words + word));
          int count = Math.min(WORD_INPUTS, in - word * WORD_INPUTS);
          if (count < WORD_INPUTS && value >>> count != 0) {
            throw tensors.bad(
                name, "has bits set after input %d of row %d, expected 0".formatted(in - 1, row));
          }
          for (int i = 0; i < count; i++) {
            codes[row * in + word * WORD_INPUTS + i] |= (byte) ((value >>> i & 1) << plane);
          }
        }
      }
    }
    return codes;
  }

  /**
   * The tensors of one weight.
   *
   * @param name of the float weight, ending in {@code .weight}
   */
  public static List<TensorSource> tensors(String name, BinaryWeights weights) {
    int out = weights.out();
    int in = weights.in();
    int planes = weights.planes();
    int groups = weights.groups();
    List<TensorSource> tensors = new ArrayList<>();
    Shape words = Shape.of(planes, out, Math.ceilDiv(in, WORD_INPUTS));
    tensors.add(new TensorSource(name + BITS, DType.I32, words, () -> bits(weights, words)));
    tensors.add(
        new TensorSource(
            name + SCALE, DType.F32, Shape.of(out, groups, planes), () -> scales(weights)));
    tensors.add(WeightShape.tensor(name, out, in));
    if (weights.hasOffset()) {
      tensors.add(
          new TensorSource(
              name + OFFSET, DType.F32, Shape.of(out, groups), () -> offsets(weights)));
    }
    return tensors;
  }

  private static Tensor bits(BinaryWeights weights, Shape shape) {
    int[] bits = new int[Math.toIntExact(shape.size())];
    int words = shape.dim(2);
    for (int plane = 0; plane < weights.planes(); plane++) {
      for (int row = 0; row < weights.out(); row++) {
        for (int word = 0; word < words; word++) {
          bits[(plane * weights.out() + row) * words + word] = weights.bits(row, plane, word);
        }
      }
    }
    return PackedTensors.ints(bits, shape);
  }

  private static Tensor scales(BinaryWeights weights) {
    int groups = weights.groups();
    int planes = weights.planes();
    float[] scales = new float[weights.out() * groups * planes];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = weights.alpha(i / planes / groups, i / planes % groups, i % planes);
    }
    return Tensor.of(scales, weights.out(), groups, planes);
  }

  private static Tensor offsets(BinaryWeights weights) {
    int groups = weights.groups();
    float[] offsets = new float[weights.out() * groups];
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = weights.offset(i / groups, i % groups);
    }
    return Tensor.of(offsets, weights.out(), groups);
  }
}
