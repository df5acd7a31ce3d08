package nibble.nn;

import java.util.Optional;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A linear layer's weight {@code [out, in]} in the form in which it is executed: float, packed
 * 4-bit or 8-bit integers, binary codes with look-up tables. Immutable and safe for use by several
 * threads, each with its own {@link Ops}.
 */
public interface WeightMatrix {
  /** Output features. */
  int out();

  /** Input features. */
  int in();

  /**
   * {@code x W^T + bias} for {@code x [..., in]}; the result is {@code [..., out]}. Not
   * differentiable in the weight.
   */
  Tensor multiply(Ops ops, Tensor x, @Nullable Tensor bias);

  /**
   * The same for an input that other layers read too; a matrix that works on its input first
   * overrides this to do so once for all of them.
   */
  default Tensor multiply(Ops ops, LayerInput x, @Nullable Tensor bias) {
    return multiply(ops, x.tensor(), bias);
  }

  /** {@code f(x W^T + bias)}; a matrix whose product can apply f on the way overrides this. */
  default Tensor multiply(Ops ops, LayerInput x, @Nullable Tensor bias, Activation f) {
    return f.apply(ops, multiply(ops, x, bias));
  }

  /**
   * {@code residual + x W^T + bias} for a residual of the result's shape; a matrix whose product
   * can add it on the way overrides this.
   */
  default Tensor multiplyAdd(Ops ops, LayerInput x, @Nullable Tensor bias, Tensor residual) {
    return ops.add(residual, multiply(ops, x, bias));
  }

  /**
   * A small weight of the same form, whose products run the same code: for a warm-up. Empty where a
   * form has none.
   */
  default Optional<WeightMatrix> sample() {
    return Optional.empty();
  }

  /** Bytes that the weight occupies while it is executed, scales and zero points included. */
  long bytes();

  /**
   * Short name of the form, such as {@code F32} or {@code INT4 g128, activations INT8 per token}.
   */
  String format();
}
