package nibble.loaders.model;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.loaders.BadFileException;
import nibble.loaders.safetensors.TensorFile;
import nibble.nn.packed.CodePacking;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Weights in the {@code pack-quantized} format of compressed-tensors: for a weight {@code x.weight [out, in]} the tensors {@code
 * x.weight_packed} (I32 words along {@code in}), {@code x.weight_scale [out, groups]}, {@code x.weight_shape} (I64), and for asymmetric
 * weights {@code x.weight_zero_point} (I32 words along {@code out}). Weights of binary codes are left to {@link BinaryCheckpoint}.
 */
final class PackedCheckpoint {
  private static final String SUFFIX = "_packed";
  private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final TensorFile file;
  private final Optional<QuantizationConfig> config;
  private final BinaryCheckpoint binary;
  private final Map<String, PackedWeight> unpacked = new LinkedHashMap<>();

  PackedCheckpoint(TensorFile file, Optional<QuantizationConfig> config, BinaryCoding coding) {
    this.file = file;
    this.config = config;
    this.binary = new BinaryCheckpoint(file, coding);
  }

  /** Whether the weight {@code name} is stored as packed codes. */
  boolean has(String name) {
    return hasIntegers(name) || binary.has(name);
  }

  private boolean hasIntegers(String name) {
    return file.tensors().containsKey(name + SUFFIX);
  }

  void checkShape(String name, Shape expected) {
    Shape found = shape(name);
    if (found.size() != expected.size() || found.dim(0) != expected.dim(0)) {
      throw bad(name + "_shape", "says " + found + ", config.json asks for " + expected);
    }
  }

  private Shape shape(String name) {
    Tensor shape = file.tensor(name + "_shape");
    if (shape.rank() != 1 || shape.dim(0) != 2) {
      throw bad(name + "_shape", "has shape " + shape.shape() + ", expected [2]");
    }
    int out = dimension(name, shape.get(0));
    int in = dimension(name, shape.get(1));
    return Shape.of(out, in);
  }

  private int dimension(String name, float value) {
    if (!(value >= 1 && value <= 1 << 24) || value != Math.rint(value)) {
      throw bad(name + "_shape", "holds " + value + ", expected a dimension");
    }
    return (int) value;
  }

  /** The weight {@code name} as it is executed; unpacked at the first call. */
  PackedWeight weight(String name) {
    return unpacked.computeIfAbsent(name, this::unpack);
  }

  private PackedWeight unpack(String name) {
    if (!binary.has(name)) {
      return integers(name);
    }
    if (hasIntegers(name)) {
      throw bad(name + SUFFIX, "is there beside binary codes of the same weight, expected one of them");
    }
    Shape shape = shape(name);
    return binary.weight(name, shape.dim(0), shape.dim(1));
  }

  private PackedIntWeight integers(String name) {
    String module = name.substring(0, name.length() - ".weight".length());
    QuantizationConfig.Group group =
        config.orElseThrow(() -> bad(name + SUFFIX, "holds packed codes, but config.json has no quantization_config")).groupOf(module);
    Shape shape = shape(name);
    int out = shape.dim(0);
    int in = shape.dim(1);
    int groupSize = group.groupSize() == 0 ? in : group.groupSize();
    int groups = Math.ceilDiv(in, groupSize);
    Tensor scales = file.tensor(name + "_scale");
    if (!scales.shape().equals(Shape.of(out, groups))) {
      throw bad(name + "_scale", "has shape " + scales.shape() + ", expected " + Shape.of(out, groups));
    }
    int[] words = words(name + SUFFIX, out, CodePacking.wordsFor(in, group.bits()));
    byte[] codes = CodePacking.unpack(words, out, in, group.bits());
    try {
      IntWeights weights =
          group.symmetric()
              ? IntWeights.packSymmetric(codes, scales.toFloats(), out, in, group.bits(), groupSize)
              : asymmetric(name, codes, scales.toFloats(), out, in, group.bits(), groupSize);
      return new PackedIntWeight(weights, group.activations().map(a -> quantizer(module, a)).orElse(null));
    } catch (IllegalArgumentException e) {
      throw bad(name + SUFFIX, "cannot be executed: " + e.getMessage());
    }
  }

  private IntWeights asymmetric(String name, byte[] codes, float[] scales, int out, int in, int bits, int groupSize) {
    int groups = scales.length / out;
    int offset = 1 << (bits - 1);
    byte[] zeros = CodePacking.unpackColumns(words(name + "_zero_point", CodePacking.wordsFor(out, bits), groups), out, groups, bits);
    int[] zeroPoints = new int[zeros.length];
    for (int i = 0; i < zeros.length; i++) {
      zeroPoints[i] = zeros[i] + offset;
    }
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) (codes[i] + offset);
    }
    return IntWeights.packAsymmetric(codes, scales, zeroPoints, out, in, bits, groupSize);
  }

  private ActivationQuantizer quantizer(String module, QuantizationConfig.Activations activations) {
    int bits = activations.bits();
    if (activations.dynamic()) {
      return new ActivationQuantizer.PerToken(bits, activations.symmetric(), activations.clip());
    }
    float scale = scalar(module + ".input_scale");
    int zeroPoint = activations.symmetric() ? 0 : (int) scalar(module + ".input_zero_point") + (1 << (bits - 1));
    try {
      return new ActivationQuantizer.PerTensor(bits, activations.symmetric(), scale, zeroPoint);
    } catch (IllegalArgumentException e) {
      throw bad(module + ".input_scale", "or the zero point beside it is wrong: " + e.getMessage());
    }
  }

  private float scalar(String name) {
    Tensor tensor = file.tensor(name);
    if (tensor.size() != 1) {
      throw bad(name, "has shape " + tensor.shape() + ", expected one element");
    }
    return tensor.item();
  }

  private int[] words(String name, int rows, int columns) {
    Tensor tensor = file.tensor(name);
    if (tensor.dtype() != DType.I32 || !tensor.shape().equals(Shape.of(rows, columns))) {
      throw bad(name, "is " + tensor.dtype() + " " + tensor.shape() + ", expected I32 " + Shape.of(rows, columns));
    }
    int[] words = new int[rows * columns];
    for (int i = 0; i < words.length; i++) {
      words[i] = tensor.segment().get(WORD, 4L * i);
    }
    return words;
  }

  private BadFileException bad(String tensor, String problem) {
    return new BadFileException("%s: tensor '%s' %s".formatted(file.description(), tensor, problem));
  }
}
