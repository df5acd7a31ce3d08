package nibble.tensor;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One recorded operator. It holds what its derivative needs until {@code backward} has passed. */
final class Node {
  private final Engine engine;
  private final long number;
  private final @Nullable Track[] inputs;
  private final Shape shape;
  private @Nullable Operator operator;
  private Tensor @Nullable [] savedInputs;
  private @Nullable Tensor savedOutput;
  private @Nullable Tensor gradient;
  private boolean ownsGradient;

  Node(Engine engine, long number, Operator operator, Tensor[] in, Tensor out) {
    this.engine = engine;
    this.number = number;
    this.operator = operator;
    shape = out.shape();
    inputs = new Track[in.length];
    Tensor[] saved = new Tensor[in.length];
    for (int i = 0; i < in.length; i++) {
      inputs[i] = in[i].track();
      saved[i] = saved(in[i], operator.saves().inputs());
    }
    savedInputs = saved;
    savedOutput = saved(out, operator.saves().output());
  }

  private static Tensor saved(Tensor tensor, boolean values) {
    return values ? tensor.detach() : new Tensor(Storage.notSaved(), DType.F32, tensor.shape());
  }

  Engine engine() {
    return engine;
  }

  /** The operator; null once it has been released. */
  @Nullable Operator operator() {
    return operator;
  }

  /**
   * Operators are numbered as they are recorded: an input has a smaller number than what is
   * computed from it.
   */
  long number() {
    return number;
  }

  @Nullable Track[] inputs() {
    return inputs;
  }

  /**
   * Takes a share of the gradient of the result. {@code owned}: the memory may be written and kept.
   * Returns whether it was the first.
   */
  boolean receive(Tensor share, boolean owned) {
    if (!share.shape().equals(shape)) {
      throw new IllegalStateException(
          "%s received a gradient %s, its result is %s".formatted(operator, share.shape(), shape));
    }
    if (gradient == null) {
      gradient = share;
      ownsGradient = owned;
      return true;
    }
    if (ownsGradient) {
      engine.addTo(gradient, share);
    } else {
      gradient = engine.sum(gradient, share);
      ownsGradient = true;
    }
    return false;
  }

  /** Computes the gradients of the inputs and frees everything that was saved. */
  Gradients release() {
    Operator rule = operator;
    if (rule == null) {
      throw new IllegalStateException(
          "this graph was freed by an earlier backward; run the forward computation again");
    }
    Tensor out = Objects.requireNonNull(savedOutput);
    Tensor[] in = Objects.requireNonNull(savedInputs);
    Tensor grad = Objects.requireNonNull(gradient);
    boolean owned = ownsGradient;
    operator = null;
    savedOutput = null;
    savedInputs = null;
    gradient = null;
    boolean[] wanted = new boolean[inputs.length];
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] = inputs[i] != null;
    }
    return new Gradients(
        grad, owned, rule.backward(engine, grad, in, out, wanted), rule.ownsGradients());
  }

  /** The gradient of a result, and those of the inputs computed from it. */
  record Gradients(Tensor of, boolean ofOwned, @Nullable Tensor[] inputs, boolean fresh) {
    /** Whether nobody else holds the memory of input gradient {@code i}. */
    boolean owns(int i) {
      Storage storage = Objects.requireNonNull(inputs[i]).storage();
      if (!fresh || storage == of.storage()) {
        return false;
      }
      for (int j = 0; j < inputs.length; j++) {
        Tensor other = inputs[j];
        if (j != i && other != null && other.storage() == storage) {
          return false;
        }
      }
      return true;
    }

    /** Whether the gradient of the result is needed no longer. */
    boolean isUsedUp() {
      if (!ofOwned || !fresh) {
        return false;
      }
      for (Tensor input : inputs) {
        if (input != null && input.storage() == of.storage()) {
          return false;
        }
      }
      return true;
    }
  }
}
