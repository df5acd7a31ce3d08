package nibble.nn.integer;

import java.util.function.UnaryOperator;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Computes the rows of a tensor, each by itself, in integers; derivatives are those of the model's
 * own function.
 */
final class RowForm {
  private static final int ROWS_OF_A_TASK = 64;

  private RowForm() {}

  /** Computes one row. */
  @FunctionalInterface
  interface Row {
    void compute(float[] x, int from, float[] y, int to);
  }

  /** The results of all rows along the last axis of {@code x}. */
  static Tensor apply(Ops ops, Tensor x, UnaryOperator<Tensor> own, Row row) {
    if (!ops.isRecording()) {
      return results(ops, x, row);
    }
    Tensor values;
    try (var inference = ops.noGrad()) {
      values = results(ops, x, row);
    }
    return ops.custom(new StandIn(values), own.apply(x));
  }

  private static Tensor results(Ops ops, Tensor x, Row row) {
    Tensor plain = x.toF32();
    Tensor out = ops.empty(x.shape().dims());
    int width = x.dim(-1);
    int rows = Math.toIntExact(x.size() / width);
    ops.splitter()
        .run(
            Math.ceilDiv(rows, ROWS_OF_A_TASK),
            (task, scratch) -> {
              int end = Math.min(rows, (task + 1) * ROWS_OF_A_TASK);
              for (int r = task * ROWS_OF_A_TASK; r < end; r++) {
                row.compute(
                    plain.array(),
                    plain.offset() + r * width,
                    out.array(),
                    out.offset() + r * width);
              }
            });
    return out;
  }

  /** Other values with the derivative of the argument. */
  private record StandIn(Tensor values) implements DifferentiableFunction {
    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      return values;
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      return new Tensor[] {gradOut};
    }
  }
}
