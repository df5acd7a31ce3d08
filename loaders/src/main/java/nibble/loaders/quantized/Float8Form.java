package nibble.loaders.quantized;

import java.util.Optional;
import java.util.function.Predicate;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.loaders.safetensors.TensorFile;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.DType;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Weights of 8-bit floats with scales: {@code x.weight} is F8_E4M3 or F8_E5M2 {@code [out, in]},
 * its values are products with a scale. These weights are computed with in F32; inputs are not
 * rounded to 8-bit floats, whatever the file says.
 *
 * <ul>
 *   <li>compressed-tensors, formats {@code float-quantized} and {@code naive-quantized}: {@code
 *       x.weight_scale}, one for all, {@code [out, 1]} or {@code [out, groups]};
 *   <li>{@code fp8} as DeepSeek publishes it: {@code x.weight_scale_inv}, one for each block of
 *       {@code weight_block_size}; in spite of its name it is multiplied with.
 * </ul>
 */
final class Float8Form implements WeightForm {
  /** How rows and columns share scales: {@code rows} 0 means all of them. */
  private record Blocks(int rows, int columns) {}

  private final CodeTensors tensors;
  private final String scaleSuffix;
  private final Predicate<String> ignored;
  private final Blocks blocks;

  private Float8Form(
      TensorFile file, String scaleSuffix, Predicate<String> ignored, Blocks blocks) {
    this.tensors = new CodeTensors(file);
    this.scaleSuffix = scaleSuffix;
    this.ignored = ignored;
    this.blocks = blocks;
  }

  static Float8Form ofCompressedTensors(TensorFile file, CompressedTensorsConfig config) {
    return new Float8Form(file, "_scale", config::ignores, new Blocks(1, 0));
  }

  static Float8Form ofBlocks(TensorFile file, JsonObject json) {
    Optional<JsonArray> size = json.findArray("weight_block_size");
    if (size.isEmpty()) {
      return new Float8Form(file, "_scale", module -> false, new Blocks(1, 0));
    }
    if (size.get().size() != 2 || size.get().integer(0) < 1 || size.get().integer(1) < 1) {
      throw json.error("weight_block_size", "must be two positive numbers");
    }
    return new Float8Form(
        file,
        "_scale_inv",
        module -> false,
        new Blocks(size.get().integer(0), size.get().integer(1)));
  }

  @Override
  public boolean has(String name) {
    Tensor tensor = tensors.file().tensors().get(name);
    return tensor != null
        && (tensor.dtype() == DType.F8_E4M3 || tensor.dtype() == DType.F8_E5M2)
        && !ignored.test(CodeTensors.module(name));
  }

  @Override
  public String shapeTensor(String name) {
    return name;
  }

  @Override
  public Shape shape(String name) {
    return tensors.matrix(name);
  }

  @Override
  public Optional<PackedWeight> executed(String name) {
    return Optional.empty();
  }

  @Override
  public Tensor values(String name) {
    Shape shape = shape(name);
    int out = shape.dim(0);
    int in = shape.dim(1);
    Tensor scale = tensors.file().tensor(name + scaleSuffix);
    int rows = blocks.rows();
    int columns = blocks.columns() == 0 ? groupSize(scale, in) : blocks.columns();
    int scaleColumns = Math.ceilDiv(in, columns);
    float[] scales =
        blocks.columns() == 0
            ? tensors.scales(name + scaleSuffix, out, scaleColumns)
            : tensors.floats(name + scaleSuffix, Math.ceilDiv(out, rows), scaleColumns);
    float[] values = tensors.file().tensor(name).toFloats();
    for (int row = 0; row < out; row++) {
      for (int column = 0; column < in; column++) {
        values[row * in + column] *= scales[row / rows * scaleColumns + column / columns];
      }
    }
    return Tensor.of(values, out, in);
  }

  /** Inputs that share a scale, as the shape of the scales says; all if it says nothing. */
  private static int groupSize(Tensor scale, int in) {
    return scale.rank() == 2 && scale.dim(1) > 1 && in % scale.dim(1) == 0 ? in / scale.dim(1) : in;
  }
}
