package nibble.nn.encoder;

import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The largest element of every column, {@code [rows, n]} to {@code [1, n]}; the gradient goes to
 * the first row that has it.
 */
record ColumnMaximum() implements DifferentiableFunction {
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor x = in[0];
    int n = x.dim(1);
    Tensor out = ops.empty(1, n);
    for (int j = 0; j < n; j++) {
      out.array()[out.offset() + j] = x.array()[x.offset() + best(x, j) * n + j];
    }
    return out;
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    Tensor x = in[0];
    int n = x.dim(1);
    float[] gradient = new float[(int) x.size()];
    for (int j = 0; j < n; j++) {
      gradient[best(x, j) * n + j] = gradOut.array()[gradOut.offset() + j];
    }
    return new Tensor[] {Tensor.of(gradient, x.shape().dims())};
  }

  private static int best(Tensor x, int column) {
    int n = x.dim(1);
    int best = 0;
    for (int row = 1; row < x.dim(0); row++) {
      if (x.array()[x.offset() + row * n + column] > x.array()[x.offset() + best * n + column]) {
        best = row;
      }
    }
    return best;
  }
}
