package nibble.quant.fisher;

import java.util.function.Consumer;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The identity, which shows what passes it and the gradient that comes back. Neither may be kept.
 *
 * @param value is given what passes
 * @param gradient is given its gradient
 */
public record Probe(Consumer<Tensor> value, Consumer<Tensor> gradient)
    implements DifferentiableFunction {
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    value.accept(in[0]);
    return in[0];
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    gradient.accept(gradOut);
    return new Tensor[] {gradOut};
  }
}
