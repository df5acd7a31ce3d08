package nibble.tensor;

import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** A function whose inner results are computed again on the way back instead of being kept. */
record Checkpoint(BiFunction<Ops, Tensor[], Tensor> function) implements Operator {
  @Override
  public Tensor forward(Engine engine, Tensor... in) {
    boolean before = engine.setRehearsing(engine.isRecording() || engine.isRehearsing());
    try (Ops.Mode mode = engine.ops().noGrad();
        Scope scope = engine.ops().scope()) {
      return scope.keep(function.apply(engine.ops(), in));
    } finally {
      engine.setRehearsing(before);
    }
  }

  @Override
  public @Nullable Tensor[] backward(
      Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
    Tensor[] leaves = new Tensor[in.length];
    for (int i = 0; i < in.length; i++) {
      leaves[i] = wanted[i] ? in[i].detach().requireGrad() : in[i];
    }
    long oldest = engine.recorded();
    try (Scope scope = engine.ops().scope()) {
      Tensor again = recorded(engine, leaves);
      if (again.requiresGrad()) {
        engine.backward(again, grad, oldest);
      }
    }
    @Nullable Tensor[] gradients = new Tensor[in.length];
    for (int i = 0; i < in.length; i++) {
      gradients[i] = wanted[i] ? leaves[i].grad() : null;
    }
    return gradients;
  }

  private Tensor recorded(Engine engine, Tensor[] leaves) {
    boolean before = engine.setGradMode(true);
    boolean rehearsing = engine.setRehearsing(false);
    try {
      return function.apply(engine.ops(), leaves);
    } finally {
      engine.setRehearsing(rehearsing);
      engine.setGradMode(before);
    }
  }
}
