package nibble.quant.equivalence;

import java.util.Arrays;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code W} with the rows of every head multiplied by a matrix: rows {@code first + h step .. + d}
 * of head h become {@code M[h / shared]} times them. Other rows stay. Inputs: {@code W [out,
 * columns]}, {@code M [matrices, d, d]}.
 *
 * @param first row of head 0
 * @param step rows from one head to the next
 * @param shared consecutive heads that have one matrix
 */
record RowsByHead(int first, int step, int shared) implements DifferentiableFunction {

  /** Rows of a head that follow each other without gaps. */
  static RowsByHead of(int headDim, int shared) {
    return new RowsByHead(0, headDim, shared);
  }

  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    Tensor w = in[0];
    Tensor out = ops.empty(w.shape().dims());
    System.arraycopy(w.array(), w.offset(), out.array(), out.offset(), (int) w.size());
    product(ops, w, in[1], out, false);
    return out;
  }

  /** {@code M x} or {@code M^T x} of every head's rows of {@code x} into those of {@code out}. */
  private void product(Ops ops, Tensor x, Tensor m, Tensor out, boolean transposed) {
    int d = m.dim(1);
    int columns = x.dim(1);
    ops.splitter()
        .run(
            m.dim(0) * shared,
            (head, scratch) -> {
              double[] sums = new double[columns];
              int from = first + head * step;
              int matrix = m.offset() + head / shared * d * d;
              for (int i = 0; i < d; i++) {
                Arrays.fill(sums, 0);
                for (int k = 0; k < d; k++) {
                  float factor = m.array()[matrix + (transposed ? k * d + i : i * d + k)];
                  int row = x.offset() + (from + k) * columns;
                  for (int j = 0; j < columns && factor != 0; j++) {
                    sums[j] += (double) factor * x.array()[row + j];
                  }
                }
                int row = out.offset() + (from + i) * columns;
                for (int j = 0; j < columns; j++) {
                  out.array()[row + j] = (float) sums[j];
                }
              }
            });
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    Tensor w = in[0];
    Tensor m = in[1];
    int d = m.dim(1);
    int columns = w.dim(1);
    Tensor gradW = ops.empty(w.shape().dims());
    System.arraycopy(
        gradOut.array(), gradOut.offset(), gradW.array(), gradW.offset(), (int) w.size());
    product(ops, gradOut, m, gradW, true);
    Tensor gradM = ops.empty(m.shape().dims());
    ops.splitter()
        .run(
            m.dim(0),
            (matrix, scratch) -> {
              for (int i = 0; i < d; i++) {
                for (int k = 0; k < d; k++) {
                  double sum = 0;
                  for (int head = matrix * shared; head < (matrix + 1) * shared; head++) {
                    int g = gradOut.offset() + (first + head * step + i) * columns;
                    int x = w.offset() + (first + head * step + k) * columns;
                    for (int j = 0; j < columns; j++) {
                      sum += (double) gradOut.array()[g + j] * w.array()[x + j];
                    }
                  }
                  gradM.array()[gradM.offset() + (matrix * d + i) * d + k] = (float) sum;
                }
              }
            });
    return new Tensor[] {gradW, gradM};
  }
}
