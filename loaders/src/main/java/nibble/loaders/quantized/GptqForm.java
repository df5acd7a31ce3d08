package nibble.loaders.quantized;

import java.util.Optional;
import nibble.loaders.safetensors.TensorFile;
import nibble.nn.packed.CodePacking;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.Shape;

/**
 * GPTQ checkpoints: for a layer {@code x} with weight {@code [out, in]} the tensors
 *
 * <pre>{@code
 * x.qweight  I32 [in bits / 32, out]      codes along the inputs, the first in the lowest bits
 * x.qzeros   I32 [groups, out bits / 32]  zero points along the outputs
 * x.scales   F16 [groups, out]
 * x.g_idx    I32 [in]                     group of each input; may be missing
 * }</pre>
 *
 * <p>All codes are unsigned. <b>Zero points.</b> The first version of the format stores each zero
 * point less 1. As GPTQModel converts it, the whole word of 2, 4 or 8-bit zero points is counted up
 * by a constant that has 1 at every code, carries included; so zero points of 0, which wrapped
 * around, come back as they were. 3-bit ones are counted up one by one, as AutoGPTQ's kernels do
 * it. The second version ({@code gptq_v2}) stores them as they are.
 *
 * <p><b>Order.</b> With {@code desc_act} inputs were grouped in another order than their own;
 * {@code g_idx} says which group each is in.
 *
 * <p>Source: {@code qlinear} modules and {@code convert_gptq_v1_to_v2_format} of AutoGPTQ and
 * GPTQModel.
 */
final class GptqForm implements WeightForm {
  private final CodeTensors tensors;
  private final GptqConfig config;

  GptqForm(TensorFile file, GptqConfig config) {
    this.tensors = new CodeTensors(file);
    this.config = config;
  }

  @Override
  public boolean has(String name) {
    return tensors.has(shapeTensor(name));
  }

  @Override
  public String shapeTensor(String name) {
    return CodeTensors.module(name) + ".qweight";
  }

  @Override
  public Shape shape(String name) {
    Shape words = tensors.matrix(shapeTensor(name));
    long codeBits = 32L * words.dim(0);
    if (codeBits % config.bits() != 0 || codeBits / config.bits() > Integer.MAX_VALUE) {
      throw tensors.bad(
          shapeTensor(name),
          "has shape %s, which holds no whole number of %d-bit codes"
              .formatted(words, config.bits()));
    }
    return Shape.of(words.dim(1), (int) (codeBits / config.bits()));
  }

  @Override
  public Optional<PackedWeight> executed(String name) {
    String module = CodeTensors.module(name);
    Shape shape = shape(name);
    int out = shape.dim(0);
    int in = shape.dim(1);
    int bits = config.bits();
    int groupSize = config.groupSize() == 0 ? in : config.groupSize();
    int groups = Math.ceilDiv(in, groupSize);
    int[] words = tensors.ints(module + ".qweight", CodePacking.wordsFor(in, bits), out);
    byte[] codes = Transposed.of(CodePacking.unpackColumns(words, in, out, bits), in, out);
    float[] scales = Transposed.of(tensors.floats(module + ".scales", groups, out), groups, out);
    byte[] zeros = Transposed.of(zeroPoints(module, groups, out), groups, out);
    GroupedCodes grouped =
        new GroupedCodes(out, in, bits, groupSize, codes, scales, zeros).simplified();
    try {
      return Optional.of(
          tensors.has(module + ".g_idx")
              ? grouped.reordered(tensors.ints(module + ".g_idx", in))
              : grouped.weight(null));
    } catch (IllegalArgumentException e) {
      throw tensors.bad(module + ".qweight", "cannot be executed: " + e.getMessage());
    }
  }

  private byte[] zeroPoints(String module, int groups, int out) {
    int bits = config.bits();
    int[] words = tensors.ints(module + ".qzeros", groups, CodePacking.wordsFor(out, bits));
    if (config.secondVersion()) {
      return CodePacking.unpack(words, groups, out, bits);
    }
    if (bits != 3) {
      int ones = onePerCode(bits);
      for (int i = 0; i < words.length; i++) {
        words[i] += ones;
      }
      return CodePacking.unpack(words, groups, out, bits);
    }
    byte[] zeros = CodePacking.unpack(words, groups, out, bits);
    for (int i = 0; i < zeros.length; i++) {
      zeros[i] = (byte) (zeros[i] == 3 ? -4 : zeros[i] + 1);
    }
    return zeros;
  }

  /** A word with 1 in every code, such as {@code 0x11111111}. */
  static int onePerCode(int bits) {
    int ones = 0;
    for (int at = 0; at < 32; at += bits) {
      ones |= 1 << at;
    }
    return ones;
  }
}
