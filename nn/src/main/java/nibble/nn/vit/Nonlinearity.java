package nibble.nn.vit;

import nibble.nn.Activation;
import nibble.nn.Linear;
import nibble.nn.Operator;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * The activation of a feed-forward layer, which another form may stand in for.
 *
 * @param function the model's own
 */
record Nonlinearity(Activation function, Operator operator) {
  /** The activation of what {@code layer} makes of {@code x}. */
  Tensor after(Ops ops, Linear layer, Tensor x) {
    return operator.isReplaced()
        ? operator.apply(ops, layer.forward(ops, x), y -> function.apply(ops, y))
        : layer.forward(ops, x, function);
  }
}
