package nibble.loaders.quantized;

import nibble.loaders.safetensors.TensorFile;
import nibble.tensor.Shape;

/** A form whose codes lie in a tensor of their own beside {@code x.weight_shape}. */
abstract class ShapedForm implements WeightForm {
  final CodeTensors tensors;
  private final String codes;

  /**
   * @param codes what the name of the tensor of codes has behind that of the weight
   */
  ShapedForm(TensorFile file, String codes) {
    tensors = new CodeTensors(file);
    this.codes = codes;
  }

  @Override
  public final boolean has(String name) {
    return tensors.has(name + codes);
  }

  @Override
  public final String shapeTensor(String name) {
    return name + WeightShape.SUFFIX;
  }

  @Override
  public final Shape shape(String name) {
    return WeightShape.of(tensors.file(), name);
  }
}
