package nibble.loaders.quantized;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.kernels.lowbit.SparseRows;
import nibble.loaders.safetensors.TensorFile;
import nibble.loaders.safetensors.TensorSource;
import nibble.nn.packed.CodePacking;
import nibble.nn.packed.FloatColumnsWeight;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.PackedWeight;
import nibble.nn.packed.SparseSideWeight;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Packed integers with 16-bit floats beside them, in a format of our own. For a weight {@code
 * x.weight [out, in]}: {@code x.weight_shape} (I64); the integers as {@link PackQuantizedForm} has
 * them under {@code x.weight_main_packed}, {@code _main_scale}, {@code _main_shape}, {@code
 * _main_zero_point}; {@code x.weight_main_form} (I32 {@code [5]}: bits, 1 if symmetric, group size
 * or 0 for one group per channel, bits of activations or 0 for float, 1 if these are symmetric) and
 * {@code x.weight_main_clip} (F32 {@code [1]}: share of the range of activations). Beside them
 * either the float columns, {@code x.weight_side_columns} (F16 {@code [out, n]}) and {@code
 * x.weight_side_inputs} (I32 {@code [n]}, ascending), or single elements by rows, {@code
 * x.weight_side_values} (F16), {@code x.weight_side_indices} (I32) and {@code x.weight_side_rows}
 * (I32 {@code [out + 1]}).
 */
public final class SideForm extends ShapedForm {
  private static final String MAIN = "_main";
  private static final String FORM = MAIN + "_form";
  private static final String CLIP = MAIN + "_clip";
  private static final String COLUMNS = "_side_columns";
  private static final String INPUTS = "_side_inputs";
  private static final String VALUES = "_side_values";
  private static final String INDICES = "_side_indices";
  private static final String ROWS = "_side_rows";

  SideForm(TensorFile file) {
    super(file, FORM);
  }

  @Override
  public Optional<PackedWeight> executed(String name) {
    Shape shape = shape(name);
    try {
      PackedIntWeight main = main(name);
      PackedWeight weight =
          tensors.has(name + COLUMNS) ? columns(name, main) : sparse(name, main, shape.dim(1));
      if (weight.out() != shape.dim(0) || weight.in() != shape.dim(1)) {
        throw tensors.bad(
            name + "_shape",
            "says %s, its parts make [%d, %d]".formatted(shape, weight.out(), weight.in()));
      }
      return Optional.of(weight);
    } catch (IllegalArgumentException e) {
      throw tensors.bad(name + FORM, "cannot be executed: " + e.getMessage());
    }
  }

  private PackedIntWeight main(String name) {
    Shape shape = WeightShape.of(tensors.file(), name + MAIN);
    int out = shape.dim(0);
    int in = shape.dim(1);
    int[] form = tensors.ints(name + FORM, 5);
    int bits = form[0];
    if (bits < 2 || bits > 8 || (form[3] != 0 && (form[3] < 2 || form[3] > 8)) || form[2] < 0) {
      throw tensors.bad(
          name + FORM,
          "says %d bits, groups of %d and activations of %d bits, expected 2 to 8, a size and 0 or 2 to 8"
              .formatted(bits, form[2], form[3]));
    }
    int groupSize = form[2] == 0 ? in : form[2];
    int groups = Math.ceilDiv(in, groupSize);
    float[] scales = tensors.scales(name + MAIN + "_scale", out, groups);
    byte[] codes =
        CodePacking.unpack(
            tensors.ints(name + MAIN + "_packed", out, CodePacking.wordsFor(in, bits)),
            out,
            in,
            bits);
    byte[] zeros =
        form[1] == 1
            ? null
            : CodePacking.unpackColumns(
                tensors.ints(name + MAIN + "_zero_point", CodePacking.wordsFor(out, bits), groups),
                out,
                groups,
                bits);
    return new GroupedCodes(out, in, bits, groupSize, codes, scales, zeros)
        .weight(activations(name, form));
  }

  private @Nullable ActivationQuantizer activations(String name, int[] form) {
    return form[3] == 0
        ? null
        : new ActivationQuantizer.PerToken(
            form[3], form[4] == 1, tensors.floats(name + CLIP, 1)[0]);
  }

  private PackedWeight columns(String name, PackedIntWeight main) {
    Tensor columns = tensors.file().tensor(name + COLUMNS);
    if (columns.dtype() != DType.F16 || columns.rank() != 2) {
      throw tensors.bad(
          name + COLUMNS,
          "is " + columns.dtype() + " " + columns.shape() + ", expected F16 [out, inputs]");
    }
    return new FloatColumnsWeight(main, columns, tensors.ints(name + INPUTS, columns.dim(1)));
  }

  private PackedWeight sparse(String name, PackedIntWeight main, int in) {
    Tensor values = tensors.file().tensor(name + VALUES);
    if (values.dtype() != DType.F16 || values.rank() != 1) {
      throw tensors.bad(
          name + VALUES,
          "is " + values.dtype() + " " + values.shape() + ", expected F16 of one axis");
    }
    int count = values.dim(0);
    int[] rows = tensors.ints(name + ROWS, main.out() + 1);
    return new SparseSideWeight(
        main, new SparseRows(in, rows, tensors.ints(name + INDICES, count), values.toFloats()));
  }

  /**
   * The tensors of a weight with float columns.
   *
   * @param name of the float weight, ending in {@code .weight}
   */
  public static List<TensorSource> tensors(String name, FloatColumnsWeight weight) {
    List<TensorSource> tensors = main(name, weight.out(), weight.in(), weight.weight());
    int[] inputs = weight.inputs();
    tensors.add(TensorSource.of(name + COLUMNS, weight.columns()));
    tensors.add(
        TensorSource.of(name + INPUTS, PackedTensors.ints(inputs, Shape.of(inputs.length))));
    return tensors;
  }

  /** The tensors of a weight with single elements in float. */
  public static List<TensorSource> tensors(String name, SparseSideWeight weight) {
    List<TensorSource> tensors = main(name, weight.out(), weight.in(), weight.weight());
    SparseRows side = weight.side();
    tensors.add(
        TensorSource.of(name + VALUES, Tensor.of(side.values(), side.count()).to(DType.F16)));
    tensors.add(
        TensorSource.of(
            name + INDICES, PackedTensors.ints(side.columns(), Shape.of(side.count()))));
    tensors.add(
        TensorSource.of(
            name + ROWS, PackedTensors.ints(side.starts(), Shape.of(side.starts().length))));
    return tensors;
  }

  private static List<TensorSource> main(String name, int out, int in, PackedIntWeight weight) {
    IntWeights codes = weight.weights();
    List<TensorSource> tensors = new ArrayList<>(PackedTensors.of(name + MAIN, weight));
    tensors.add(WeightShape.tensor(name, out, in));
    int[] form = {
      codes.bits(), codes.isSymmetric() ? 1 : 0, codes.groups() == 1 ? 0 : codes.groupSize(), 0, 0
    };
    float clip = 1;
    switch (weight.activations()) {
      case null -> {}
      case ActivationQuantizer.PerToken a -> {
        form[3] = a.bits();
        form[4] = a.symmetric() ? 1 : 0;
        clip = a.clip();
      }
      case ActivationQuantizer.PerTensor a ->
          throw new IllegalArgumentException(
              "'"
                  + name
                  + "' has floats beside its codes and static activation scales, which has no file"
                  + " format; use dynamic ones");
    }
    tensors.add(TensorSource.of(name + FORM, PackedTensors.ints(form, Shape.of(5))));
    tensors.add(TensorSource.of(name + CLIP, Tensor.of(new float[] {clip}, 1)));
    return tensors;
  }
}
