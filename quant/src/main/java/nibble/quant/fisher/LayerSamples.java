package nibble.quant.fisher;

import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Some rows of what passes a linear layer.
 *
 * @param input {@code [rows, in]}
 * @param gradient of the loss in the output, {@code [rows, out]}; null where the model ran forward
 *     only
 */
public record LayerSamples(Tensor input, @Nullable Tensor gradient) {}
