package nibble.loaders.quantized;

import java.util.Optional;
import nibble.nn.packed.PackedWeight;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Weights that are stored in one way that is not a float tensor of their name. Names are those of
 * float weights, ending in {@code .weight}.
 */
interface WeightForm {
  /** Whether the weight {@code name} is stored in this way. */
  boolean has(String name);

  /** The tensor of the file from which the shape of {@code name} is known, for messages. */
  String shapeTensor(String name);

  /** Its shape, {@code [out, in]}. */
  Shape shape(String name);

  /** The weight as it is executed; empty if its values run as a float weight. */
  Optional<PackedWeight> executed(String name);

  /** Its values, of a float dtype, in new memory. */
  default Tensor values(String name) {
    return executed(name).orElseThrow().dequantized();
  }
}
