package nibble.loaders.quantized;

import java.util.Optional;
import nibble.loaders.safetensors.TensorFile;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.Shape;

/**
 * AWQ checkpoints of version {@code gemm}: for a layer {@code x} with weight {@code [out, in]} the
 * tensors
 *
 * <pre>{@code
 * x.qweight  I32 [in, out / 8]      codes along the outputs
 * x.qzeros   I32 [groups, out / 8]  zero points, as they are
 * x.scales   F16 [groups, out]
 * }</pre>
 *
 * <p>Eight codes share a word, in an order that suits a trick of GPUs: nibble {@code p}, the lowest
 * first, belongs to output {@code 8 j + ORDER[p]} with {@code ORDER = 0 2 4 6 1 3 5 7}.
 *
 * <p>Source: {@code WQLinear_GEMM} of AutoAWQ.
 */
final class AwqForm implements WeightForm {
  private static final int BITS = 4;
  private static final int CODES = 8;
  private static final int[] ORDER = {0, 2, 4, 6, 1, 3, 5, 7};

  private final CodeTensors tensors;
  private final AwqConfig config;

  AwqForm(TensorFile file, AwqConfig config) {
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
    if (words.dim(1) > Integer.MAX_VALUE / CODES) {
      throw tensors.bad(shapeTensor(name), "has shape " + words + ", which is too large");
    }
    return Shape.of(words.dim(1) * CODES, words.dim(0));
  }

  @Override
  public Optional<PackedWeight> executed(String name) {
    String module = CodeTensors.module(name);
    Shape shape = shape(name);
    int out = shape.dim(0);
    int in = shape.dim(1);
    int groupSize = config.groupSize() == 0 ? in : config.groupSize();
    int groups = Math.ceilDiv(in, groupSize);
    byte[] codes = unpack(tensors.ints(module + ".qweight", in, out / CODES), in, out);
    byte[] zeros = unpack(tensors.ints(module + ".qzeros", groups, out / CODES), groups, out);
    float[] scales = Transposed.of(tensors.floats(module + ".scales", groups, out), groups, out);
    try {
      return Optional.of(
          new GroupedCodes(out, in, BITS, groupSize, codes, scales, zeros)
              .simplified()
              .weight(null));
    } catch (IllegalArgumentException e) {
      throw tensors.bad(module + ".qweight", "cannot be executed: " + e.getMessage());
    }
  }

  /** Words {@code [rows, out / 8]} to signed codes {@code [out, rows]}. */
  private static byte[] unpack(int[] words, int rows, int out) {
    byte[] codes = new byte[Math.multiplyExact(rows, out)];
    for (int i = 0; i < words.length; i++) {
      int row = i / (out / CODES);
      int first = i % (out / CODES) * CODES;
      for (int p = 0; p < CODES; p++) {
        codes[(first + ORDER[p]) * rows + row] =
            (byte) ((words[i] >>> BITS * p & 0xF) - (1 << (BITS - 1)));
      }
    }
    return codes;
  }
}
