package nibble.nn;

import java.util.Optional;
import java.util.function.UnaryOperator;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A named function of a model's forward pass that another form may stand in for: a softmax, a
 * normalisation, an activation. Changing it while a forward pass runs is not supported.
 */
public final class Operator {
  private final String name;
  private final Kind kind;
  private @Nullable OperatorForm form;

  /** What the model's own function is. */
  public enum Kind {
    /** Softmax over the last axis. */
    SOFTMAX,
    /** Layer normalisation over the last axis, without gain and bias. */
    LAYER_NORM,
    /** GELU in any of its approximations. */
    GELU,
    /** Another activation, element by element. */
    OTHER_ACTIVATION
  }

  Operator(String name, Kind kind) {
    this.name = name;
    this.kind = kind;
  }

  /** The unique name within its model, such as {@code blocks.3.attn.softmax}. */
  public String name() {
    return name;
  }

  /** What the model's own function is. */
  public Kind kind() {
    return kind;
  }

  /** What stands in for the model's own function; empty for that function itself. */
  public Optional<OperatorForm> form() {
    return Optional.ofNullable(form);
  }

  /** Whether another form stands in for the model's own function. */
  public boolean isReplaced() {
    return form != null;
  }

  /** Lets {@code replacement} stand in from now on. */
  public void replace(OperatorForm replacement) {
    form = replacement;
  }

  /** Takes back what {@link #replace} did. */
  public void restore() {
    form = null;
  }

  /**
   * The result for {@code x}.
   *
   * @param own the model's own function
   */
  public Tensor apply(Ops ops, Tensor x, UnaryOperator<Tensor> own) {
    OperatorForm present = form;
    return present == null ? own.apply(x) : present.apply(ops, x, own);
  }

  @Override
  public String toString() {
    return name;
  }
}
