package nibble.quant.equivalence;

import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Inverses of {@code A [count, d, d]}, computed in double by elimination with row exchanges. {@code
 * dA = -A^-T dA^-1 A^-T}.
 *
 * <p>An exactly singular matrix is an {@link ArithmeticException}.
 */
final class MatrixInverse implements DifferentiableFunction {
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor a = in[0];
    int d = a.dim(1);
    Tensor out = ops.empty(a.shape().dims());
    ops.splitter()
        .run(
            a.dim(0),
            (matrix, scratch) -> {
              double[] rows = new double[2 * d * d];
              for (int i = 0; i < d; i++) {
                for (int j = 0; j < d; j++) {
                  rows[i * 2 * d + j] = a.array()[a.offset() + (matrix * d + i) * d + j];
                }
                rows[i * 2 * d + d + i] = 1;
              }
              eliminate(rows, d);
              for (int i = 0; i < d; i++) {
                for (int j = 0; j < d; j++) {
                  out.array()[out.offset() + (matrix * d + i) * d + j] =
                      (float) rows[i * 2 * d + d + j];
                }
              }
            });
    return out;
  }

  private static void eliminate(double[] rows, int d) {
    int width = 2 * d;
    for (int column = 0; column < d; column++) {
      exchange(rows, d, column);
      double pivot = rows[column * width + column];
      for (int j = 0; j < width; j++) {
        rows[column * width + j] /= pivot;
      }
      for (int i = 0; i < d; i++) {
        double factor = rows[i * width + column];
        if (i != column && factor != 0) {
          for (int j = 0; j < width; j++) {
            rows[i * width + j] -= factor * rows[column * width + j];
          }
        }
      }
    }
  }

  /** Brings the largest element of a column into its row. */
  private static void exchange(double[] rows, int d, int column) {
    int width = 2 * d;
    int best = column;
    for (int i = column + 1; i < d; i++) {
      best = Math.abs(rows[i * width + column]) > Math.abs(rows[best * width + column]) ? i : best;
    }
    if (!(Math.abs(rows[best * width + column]) > 0)) {
      throw new ArithmeticException(
          "a learned map has become singular; try a lower rate or stability factor");
    }
    for (int j = 0; j < width && best != column; j++) {
      double kept = rows[column * width + j];
      rows[column * width + j] = rows[best * width + j];
      rows[best * width + j] = kept;
    }
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    Tensor transposed = ops.permute(out, 0, 2, 1);
    return new Tensor[] {ops.neg(ops.matmul(ops.matmul(transposed, gradOut), transposed))};
  }
}
