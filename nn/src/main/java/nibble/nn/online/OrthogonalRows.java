package nibble.nn.online;

import java.util.function.BiConsumer;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * An orthogonal map and its transpose, each applied in place to a copy: the gradient of {@code Q x}
 * is {@code Q^T g}.
 */
record OrthogonalRows(BiConsumer<Ops, Tensor> map, BiConsumer<Ops, Tensor> transposed)
    implements DifferentiableFunction {
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    return mapped(ops, in[0], map);
  }

  @Override
  public Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    return new Tensor[] {mapped(ops, gradOut, transposed)};
  }

  private static Tensor mapped(Ops ops, Tensor x, BiConsumer<Ops, Tensor> change) {
    Tensor result = ops.empty(x.shape().dims());
    System.arraycopy(x.array(), x.offset(), result.array(), result.offset(), (int) x.size());
    change.accept(ops, result);
    return result;
  }
}
