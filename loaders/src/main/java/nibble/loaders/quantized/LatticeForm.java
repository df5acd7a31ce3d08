package nibble.loaders.quantized;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import nibble.loaders.safetensors.TensorFile;
import nibble.loaders.safetensors.TensorSource;
import nibble.nn.packed.E8Lattice;
import nibble.nn.packed.LatticeWeight;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Lattice codes, in a format of our own: for a weight {@code x.weight [out, in]} the tensors {@code
 * x.weight_e8p_codes} (I16 {@code [planes, out, ceil(in / 8)]}, see {@link E8Lattice}), {@code
 * x.weight_e8p_scale} (F32 {@code [planes]}), {@code x.weight_e8p_signs} (I64 {@code [2]}: seeds of
 * the signs of input and output) and {@code x.weight_shape} (I64).
 */
public final class LatticeForm extends ShapedForm {
  private static final String CODES = "_e8p_codes";
  private static final String SCALE = "_e8p_scale";
  private static final String SIGNS = "_e8p_signs";
  private static final ValueLayout.OfShort CODE =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong SEED =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  LatticeForm(TensorFile file) {
    super(file, CODES);
  }

  @Override
  public Optional<PackedWeight> executed(String name) {
    Shape shape = shape(name);
    int out = shape.dim(0);
    int in = shape.dim(1);
    Tensor stored = tensors.file().tensor(name + CODES);
    int planes = stored.rank() == 3 ? stored.dim(0) : 0;
    if (planes < 1 || planes > LatticeWeight.MAX_PLANES) {
      throw tensors.bad(
          name + CODES,
          "is "
              + stored.dtype()
              + " "
              + stored.shape()
              + ", expected I16 [1 or 2, out, ceil(in / 8)]");
    }
    int blocks = Math.ceilDiv(in, E8Lattice.DIMENSIONS);
    MemorySegment segment = tensors.tensor(name + CODES, DType.I16, planes, out, blocks).segment();
    short[] codes = new short[Math.toIntExact(stored.size())];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = segment.get(CODE, 2L * i);
    }
    float[] scales = tensors.tensor(name + SCALE, DType.F32, planes).toFloats();
    MemorySegment seeds = tensors.tensor(name + SIGNS, DType.I64, 2).segment();
    try {
      return Optional.of(
          new LatticeWeight(
              out, in, codes, scales, seeds.get(SEED, 0), seeds.get(SEED, Long.BYTES)));
    } catch (IllegalArgumentException e) {
      throw tensors.bad(name + CODES, "cannot be executed: " + e.getMessage());
    }
  }

  /**
   * The tensors of one weight.
   *
   * @param name of the float weight, ending in {@code .weight}
   */
  public static List<TensorSource> tensors(String name, LatticeWeight weight) {
    int planes = weight.scales().length;
    Shape shape = Shape.of(planes, weight.out(), Math.ceilDiv(weight.in(), E8Lattice.DIMENSIONS));
    long[] seeds = {weight.inputSigns(), weight.outputSigns()};
    return List.of(
        new TensorSource(
            name + CODES,
            DType.I16,
            shape,
            () -> Tensor.ofSegment(MemorySegment.ofArray(weight.codes()), DType.I16, shape)),
        TensorSource.of(name + SCALE, Tensor.of(weight.scales(), planes)),
        TensorSource.of(
            name + SIGNS, Tensor.ofSegment(MemorySegment.ofArray(seeds), DType.I64, Shape.of(2))),
        WeightShape.tensor(name, weight.out(), weight.in()));
  }
}
