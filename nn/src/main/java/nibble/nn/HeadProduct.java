package nibble.nn;

import java.util.Arrays;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What joins the weights of queries and keys, head by head:
 *
 * <pre>{@code
 * in: K [heads * d, n], Q [heads * d, m]      M[h] = K[h]^T Q[h]: [heads * n, m]
 * dQ[h] = K[h] dM[h]      dK[h] = Q[h] dM[h]^T
 * }</pre>
 *
 * <p>Sums are added in double.
 *
 * @param heads that divide the rows of K and Q
 */
public record HeadProduct(int heads) implements DifferentiableFunction {
  public HeadProduct {
    if (heads < 1) {
      throw new IllegalArgumentException("there must be at least one head, was " + heads);
    }
  }

  /** {@code in}: K, Q. */
  @Override
  public Tensor forward(Ops ops, Tensor... in) {
    int rows = rowsOfHead(in[0], in[1]);
    int n = in[0].dim(1);
    int m = in[1].dim(1);
    float[] k = in[0].toFloats();
    float[] q = in[1].toFloats();
    Tensor out = ops.empty(Math.multiplyExact(heads, n), m);
    double[] sums = new double[m];
    for (int row = 0; row < heads * n; row++) {
      Arrays.fill(sums, 0);
      for (int d = row / n * rows; d < (row / n + 1) * rows; d++) {
        add(sums, k[d * n + row % n], q, d * m);
      }
      store(sums, out, row * m);
    }
    return out;
  }

  private int rowsOfHead(Tensor k, Tensor q) {
    if (k.rank() != 2 || q.rank() != 2 || k.dim(0) != q.dim(0) || k.dim(0) % heads != 0) {
      throw new IllegalArgumentException(
          "a product of %d heads needs as many rows on both sides, found %s and %s"
              .formatted(heads, k.shape(), q.shape()));
    }
    return k.dim(0) / heads;
  }

  @Override
  public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
    int rows = rowsOfHead(in[0], in[1]);
    int n = in[0].dim(1);
    int m = in[1].dim(1);
    float[] k = in[0].toFloats();
    float[] q = in[1].toFloats();
    float[] grad = gradOut.toFloats();
    Tensor gradK = ops.empty(k.length / n, n);
    Tensor gradQ = ops.empty(q.length / m, m);
    double[] sums = new double[m];
    for (int d = 0; d < heads * rows; d++) {
      Arrays.fill(sums, 0);
      for (int i = 0; i < n; i++) {
        int row = d / rows * n + i;
        add(sums, k[d * n + i], grad, row * m);
        double dot = 0;
        for (int j = 0; j < m; j++) {
          dot += (double) q[d * m + j] * grad[row * m + j];
        }
        gradK.array()[gradK.offset() + d * n + i] = (float) dot;
      }
      store(sums, gradQ, d * m);
    }
    return new Tensor[] {gradK, gradQ};
  }

  private static void add(double[] sums, double factor, float[] x, int from) {
    for (int j = 0; j < sums.length; j++) {
      sums[j] += factor * x[from + j];
    }
  }

  private static void store(double[] sums, Tensor out, int at) {
    for (int j = 0; j < sums.length; j++) {
      out.array()[out.offset() + at + j] = (float) sums[j];
    }
  }
}
