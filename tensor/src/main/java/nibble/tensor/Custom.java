package nibble.tensor;

import org.jspecify.annotations.Nullable;

/** A function whose derivative the caller supplies. */
record Custom(DifferentiableFunction function) implements Operator {
  @Override
  public Tensor forward(Engine engine, Tensor... in) {
    try (Ops.Mode mode = engine.ops().noGrad()) {
      return function.forward(engine.ops(), in);
    }
  }

  @Override
  public @Nullable Tensor[] backward(
      Engine engine, Tensor grad, Tensor[] in, Tensor out, boolean[] wanted) {
    @Nullable Tensor[] gradients = function.backward(engine.ops(), grad, in, out);
    if (gradients.length != in.length) {
      throw new IllegalStateException(
          "%s returned %d gradients for %d inputs"
              .formatted(function, gradients.length, in.length));
    }
    for (int i = 0; i < in.length; i++) {
      Tensor gradient = gradients[i];
      if (gradient != null && !gradient.shape().equals(in[i].shape())) {
        throw new IllegalStateException(
            "%s returned a gradient %s for input %d, which is %s"
                .formatted(function, gradient.shape(), i, in[i].shape()));
      }
      gradients[i] = gradient == null ? null : gradient.toF32();
    }
    return gradients;
  }

  @Override
  public Saves saves() {
    return Saves.BOTH;
  }

  @Override
  public boolean ownsGradients() {
    return false;
  }
}
