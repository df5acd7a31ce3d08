package nibble.loaders.quantized;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import nibble.kernels.lowbit.IntWeights;
import nibble.loaders.json.JsonObject;
import nibble.loaders.safetensors.TensorSource;
import nibble.nn.packed.CodePacking;
import nibble.nn.packed.FloatColumnsWeight;
import nibble.nn.packed.LatticeWeight;
import nibble.nn.packed.PackedBinaryWeight;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.PackedWeight;
import nibble.nn.packed.ReorderedWeight;
import nibble.nn.packed.SparseSideWeight;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The tensors and the configuration of a GPTQ checkpoint, as {@link GptqForm} reads them. Symmetric
 * weights have the first version of the format, which most programs read: their zero points are all
 * alike and never 0. Asymmetric ones have {@code gptq_v2}, because the first version cannot tell a
 * zero point of 0. Scales are rounded to F16, as the format has them.
 */
public final class GptqTensors {
  private static final ValueLayout.OfShort HALF =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private GptqTensors() {}

  /**
   * What all layers of a GPTQ checkpoint have in common; {@code groupSize} is -1 for one group per
   * channel.
   */
  private record Settings(int bits, int groupSize, boolean symmetric) {
    static Settings of(IntWeights weights) {
      return new Settings(
          weights.bits(), weights.groups() == 1 ? -1 : weights.groupSize(), weights.isSymmetric());
    }

    @Override
    public String toString() {
      return "%d bits, group size %d%s".formatted(bits, groupSize, symmetric ? "" : ", asymmetric");
    }
  }

  /**
   * The {@code quantization_config} for {@code weights}, of which there is at least one, by their
   * names.
   *
   * @throws IllegalArgumentException if they do not fit the format, which has one bit width, group
   *     size and symmetry for all, and float inputs
   */
  public static JsonObject config(Map<String, PackedWeight> weights) {
    Settings common = null;
    boolean reordered = false;
    for (Map.Entry<String, PackedWeight> entry : weights.entrySet()) {
      Settings settings = Settings.of(checked(entry.getKey(), entry.getValue()));
      if (common != null && !common.equals(settings)) {
        throw new IllegalArgumentException(
            "'%s' has %s, other layers %s; the gptq format has one for all: leave first and last layer in float (--set edge-bits=16), or write compressed-tensors"
                .formatted(entry.getKey(), settings, common));
      }
      common = settings;
      reordered |= entry.getValue() instanceof ReorderedWeight;
    }
    if (common == null) {
      throw new IllegalArgumentException(
          "no layer is quantized, so there is nothing to write in the gptq format");
    }
    return JsonObject.builder()
        .put("quant_method", "gptq")
        .put("bits", common.bits())
        .put("group_size", common.groupSize())
        .put("desc_act", reordered)
        .put("sym", common.symmetric())
        .put("checkpoint_format", common.symmetric() ? "gptq" : "gptq_v2")
        .put("pack_dtype", "int32")
        .build();
  }

  private static IntWeights checked(String name, PackedWeight packed) {
    PackedIntWeight weight =
        switch (packed) {
          case PackedIntWeight w -> w;
          case ReorderedWeight w -> w.weight();
          case SparseSideWeight _ -> throw beside(name);
          case FloatColumnsWeight _ -> throw beside(name);
          case LatticeWeight _ ->
              throw new IllegalArgumentException(
                  "'" + name + "' has lattice codes, which the gptq format cannot hold");
          case PackedBinaryWeight _ ->
              throw new IllegalArgumentException(
                  "'" + name + "' has binary codes, which the gptq format cannot hold");
        };
    IntWeights weights = weight.weights();
    int bits = weights.bits();
    if (weight.activations() != null) {
      throw new IllegalArgumentException(
          "'"
              + name
              + "' has quantized inputs, which the gptq format cannot hold; choose a scheme with"
              + " A16");
    }
    if (bits != 2 && bits != 3 && bits != 4 && bits != 8) {
      throw new IllegalArgumentException(
          "'" + name + "' has " + bits + " bits, the gptq format has 2, 3, 4 or 8");
    }
    if ((long) weights.out() * bits % 32 != 0 || (long) weights.in() * bits % 32 != 0) {
      throw new IllegalArgumentException(
          "'%s' is [%d, %d], of which the gptq format cannot put %d-bit codes into whole words of 32 bits; write compressed-tensors, or leave this layer in float"
              .formatted(name, weights.out(), weights.in(), bits));
    }
    return weights;
  }

  /**
   * The tensors of one weight.
   *
   * @param name of the float weight, ending in {@code .weight}
   * @throws IllegalArgumentException if it does not fit the format
   */
  public static List<TensorSource> of(String name, PackedWeight packed) {
    IntWeights weights = checked(name, packed);
    String module = CodeTensors.module(name);
    int out = weights.out();
    int in = weights.in();
    int bits = weights.bits();
    int groups = weights.groups();
    Shape codes = Shape.of(CodePacking.wordsFor(in, bits), out);
    Shape zeros = Shape.of(groups, CodePacking.wordsFor(out, bits));
    int[] order = packed instanceof ReorderedWeight reordered ? reordered.order() : null;
    return List.of(
        new TensorSource(
            module + ".qweight",
            DType.I32,
            codes,
            () -> PackedTensors.ints(codes(weights, order), codes)),
        new TensorSource(
            module + ".qzeros",
            DType.I32,
            zeros,
            () -> PackedTensors.ints(zeroPoints(weights), zeros)),
        new TensorSource(
            module + ".scales", DType.F16, Shape.of(groups, out), () -> scales(name, weights)),
        TensorSource.of(
            module + ".g_idx", PackedTensors.ints(groups(weights, order), Shape.of(in))));
  }

  private static int[] codes(IntWeights weights, int @Nullable [] order) {
    byte[] codes = PackedTensors.codes(weights);
    byte[] inOrder = order == null ? codes : PackedTensors.inOrder(codes, order);
    return CodePacking.packColumns(
        Transposed.of(inOrder, weights.out(), weights.in()),
        weights.in(),
        weights.out(),
        weights.bits());
  }

  private static int[] zeroPoints(IntWeights weights) {
    int out = weights.out();
    int groups = weights.groups();
    byte[] zeros = new byte[groups * out];
    for (int i = 0; i < zeros.length; i++) {
      int unsigned =
          weights.isSymmetric()
              ? (1 << (weights.bits() - 1)) - 1
              : weights.zeroPoint(i % out, i / out);
      zeros[i] = (byte) (unsigned - (1 << (weights.bits() - 1)));
    }
    return CodePacking.pack(zeros, groups, out, weights.bits());
  }

  private static Tensor scales(String name, IntWeights weights) {
    int out = weights.out();
    MemorySegment halves = MemorySegment.ofArray(new byte[2 * weights.groups() * out]);
    for (int i = 0; i < weights.groups() * out; i++) {
      float scale = weights.scale(i % out, i / out);
      short half = Float.floatToFloat16(scale);
      if (!Float.isFinite(Float.float16ToFloat(half))) {
        throw new IllegalArgumentException(
            "'%s' has a scale of %s, which F16 cannot hold; write compressed-tensors"
                .formatted(name, scale));
      }
      halves.set(HALF, 2L * i, half);
    }
    return Tensor.ofSegment(halves, DType.F16, Shape.of(weights.groups(), out));
  }

  private static int[] groups(IntWeights weights, int @Nullable [] order) {
    int[] groups = new int[weights.in()];
    for (int k = 0; k < groups.length; k++) {
      groups[order == null ? k : order[k]] = k / weights.groupSize();
    }
    return groups;
  }

  private static IllegalArgumentException beside(String name) {
    return new IllegalArgumentException(
        "'" + name + "' has floats beside its codes, which the gptq format cannot hold");
  }
}
