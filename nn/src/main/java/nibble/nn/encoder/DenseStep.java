package nibble.nn.encoder;

import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A linear layer after pooling, with an elementwise function: {@code f(x W^T + b)}. */
public final class DenseStep implements SentencePooling.Step {
  /** The elementwise function. */
  public enum Function {
    IDENTITY,
    TANH,
    RELU,
    GELU
  }

  private final Tensor weight;
  private final @Nullable Tensor bias;
  private final Function function;

  /**
   * @param weight {@code [out, in]}, row-major; not copied
   * @param bias {@code [out]}, or null
   */
  public DenseStep(int out, int in, float[] weight, float @Nullable [] bias, Function function) {
    this.weight = Tensor.of(weight, out, in);
    this.bias = bias == null ? null : Tensor.of(bias, out);
    this.function = function;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    Tensor y = ops.linear(x, weight, bias);
    return switch (function) {
      case IDENTITY -> y;
      case TANH -> ops.tanh(y);
      case RELU -> ops.relu(y);
      case GELU -> ops.gelu(y);
    };
  }
}
