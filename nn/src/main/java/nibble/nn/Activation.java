package nibble.nn;

import java.util.Optional;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Elementwise non-linearity of a feed-forward layer, by the names that Hugging Face configurations
 * use.
 */
public enum Activation {
  GELU("gelu"),
  GELU_TANH("gelu_new"),
  RELU("relu"),
  SILU("silu"),
  /** {@code x sigmoid(1.702 x)}, as CLIP has it. */
  QUICK_GELU("quick_gelu");

  private final String configName;

  Activation(String configName) {
    this.configName = configName;
  }

  /** The value of {@code hidden_act} that means this function. */
  public String configName() {
    return configName;
  }

  /** The function that {@code hidden_act} names. */
  public static Activation ofConfig(String name) {
    return switch (name) {
      case "gelu" -> GELU;
      case "gelu_new", "gelu_pytorch_tanh", "gelu_fast" -> GELU_TANH;
      case "relu" -> RELU;
      case "silu", "swish" -> SILU;
      case "quick_gelu" -> QUICK_GELU;
      default ->
          throw new IllegalArgumentException(
              "unknown hidden_act '"
                  + name
                  + "'; known are gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, relu, silu");
    };
  }

  /** The kernel's name for this function, where one kernel computes it. */
  public Optional<nibble.kernels.rowwise.Activation> kernel() {
    return switch (this) {
      case GELU -> Optional.of(nibble.kernels.rowwise.Activation.GELU);
      case GELU_TANH -> Optional.of(nibble.kernels.rowwise.Activation.GELU_TANH);
      case RELU -> Optional.of(nibble.kernels.rowwise.Activation.RELU);
      case SILU -> Optional.of(nibble.kernels.rowwise.Activation.SILU);
      case QUICK_GELU -> Optional.empty();
    };
  }

  /** The function of every element of {@code x}. */
  public Tensor apply(Ops ops, Tensor x) {
    return switch (this) {
      case GELU -> ops.gelu(x);
      case GELU_TANH -> ops.geluTanh(x);
      case RELU -> ops.relu(x);
      case SILU -> ops.silu(x);
      case QUICK_GELU -> ops.mul(x, ops.sigmoid(ops.scale(x, 1.702f)));
    };
  }
}
