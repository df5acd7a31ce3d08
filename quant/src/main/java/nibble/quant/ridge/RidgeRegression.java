package nibble.quant.ridge;

import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.linalg.Cholesky;

/**
 * The affine map that best predicts rows R from rows X, by the normal equations in double:
 *
 * <pre>{@code
 * X1 = [X, 1]     A = X1^T X1     C = X1^T R      theta = (A + lambda I)^-1 C      lambda = ridge trace(A) / (in + 1)
 * R2 = 1 - ||R - X1 theta||^2 / ||R - mean(R)||^2
 * }</pre>
 *
 * <p>Rows are added in pieces; sums do not depend on the number of threads, and on the pieces only
 * by rounding in double. Memory: {@code (in + 1) (in + out + 1)} doubles. Not thread-safe.
 */
public final class RidgeRegression {
  private static final int CHUNK = 256;
  private static final int TILE = 16;

  private final int in;
  private final int out;
  private final int width;
  private final double[] gram;
  private final double[] products;
  private final double[] sums;
  private double squares;
  private long rows;

  /**
   * @param in columns of X
   * @param out columns of R
   */
  public RidgeRegression(int in, int out) {
    if (in < 1 || out < 1) {
      throw new IllegalArgumentException(
          "a regression needs columns, found %d and %d".formatted(in, out));
    }
    this.in = in;
    this.out = out;
    width = in + 1;
    gram = new double[Math.multiplyExact(width, width)];
    products = new double[Math.multiplyExact(width, out)];
    sums = new double[out];
  }

  /**
   * Adds rows.
   *
   * @param x {@code [count, in]} from {@code xOffset}
   * @param r {@code [count, out]} from {@code rOffset}
   */
  public void add(
      float[] x, int xOffset, float[] r, int rOffset, int count, WorkSplitter splitter) {
    double[] x1 = new double[CHUNK * width];
    double[] target = new double[CHUNK * out];
    for (int from = 0; from < count; from += CHUNK) {
      int chunk = Math.min(CHUNK, count - from);
      for (int row = 0; row < chunk; row++) {
        for (int i = 0; i < in; i++) {
          x1[row * width + i] = x[xOffset + (from + row) * in + i];
        }
        x1[row * width + in] = 1;
        for (int j = 0; j < out; j++) {
          double value = r[rOffset + (from + row) * out + j];
          target[row * out + j] = value;
          sums[j] += value;
          squares += value * value;
        }
      }
      splitter.run(
          Math.ceilDiv(width, TILE),
          (tile, scratch) -> {
            for (int i = tile * TILE; i < Math.min(width, (tile + 1) * TILE); i++) {
              accumulate(x1, i, x1, width, i + 1, gram, i * width, chunk);
              accumulate(x1, i, target, out, out, products, i * out, chunk);
            }
          });
    }
    rows += count;
  }

  /**
   * {@code sum[j] += sum over rows of x1[row, i] y[row, j]} for {@code j < columns}, four rows at a
   * time.
   */
  private void accumulate(
      double[] x1, int i, double[] y, int stride, int columns, double[] sum, int at, int count) {
    int row = 0;
    for (; row + 3 < count; row += 4) {
      double a = x1[row * width + i];
      double b = x1[(row + 1) * width + i];
      double c = x1[(row + 2) * width + i];
      double d = x1[(row + 3) * width + i];
      int y0 = row * stride;
      int y1 = y0 + stride;
      int y2 = y1 + stride;
      int y3 = y2 + stride;
      for (int j = 0; j < columns; j++) {
        sum[at + j] += a * y[y0 + j] + b * y[y1 + j] + c * y[y2 + j] + d * y[y3 + j];
      }
    }
    for (; row < count; row++) {
      double a = x1[row * width + i];
      for (int j = 0; j < columns; j++) {
        sum[at + j] += a * y[row * stride + j];
      }
    }
  }

  /** Rows so far. */
  public long rows() {
    return rows;
  }

  /**
   * The solution.
   *
   * @param ridge share of the mean diagonal of A that is added to it; 0 for none
   * @param splitter shares the factorisation between threads
   * @throws IllegalStateException if there are no rows
   * @throws nibble.quant.linalg.NotPositiveDefiniteException if A is singular to rounding; a ridge
   *     helps
   */
  public Solution solve(double ridge, WorkSplitter splitter) {
    if (rows == 0) {
      throw new IllegalStateException("a regression needs rows; add some");
    }
    double[] a = symmetric();
    double trace = 0;
    for (int i = 0; i < width; i++) {
      trace += a[i * width + i];
    }
    for (int i = 0; i < width; i++) {
      a[i * width + i] += ridge * trace / width;
    }
    double[] theta = Cholesky.of(a, width, splitter).solve(products, out);
    float[] weight = new float[out * in];
    float[] bias = new float[out];
    for (int j = 0; j < out; j++) {
      for (int i = 0; i < in; i++) {
        weight[j * in + i] = (float) theta[i * out + j];
      }
      bias[j] = (float) theta[in * out + j];
    }
    return new Solution(weight, bias, r2(weight, bias));
  }

  /**
   * A map and how much of R it explains.
   *
   * @param weight {@code [out, in]}
   * @param bias {@code [out]}
   * @param r2 1 for all of it, 0 for no more than the mean of R does, below 0 for less
   */
  public record Solution(float[] weight, float[] bias, double r2) {}

  /**
   * The share of the variance of R that a map explains on the rows so far; 1 where R does not vary
   * and the map hits it, else 0.
   */
  public double r2(float[] weight, float[] bias) {
    double[] a = symmetric();
    double residual = squares;
    double[] column = new double[width];
    for (int j = 0; j < out; j++) {
      for (int i = 0; i < in; i++) {
        column[i] = weight[j * in + i];
      }
      column[in] = bias[j];
      for (int i = 0; i < width; i++) {
        double dot = 0;
        for (int k = 0; k < width; k++) {
          dot += a[i * width + k] * column[k];
        }
        residual += column[i] * (dot - 2 * products[i * out + j]);
      }
    }
    double variance = squares;
    for (double sum : sums) {
      variance -= sum * sum / rows;
    }
    if (variance <= 1e-12 * squares) {
      return residual <= 1e-9 * squares ? 1 : 0;
    }
    return 1 - residual / variance;
  }

  private double[] symmetric() {
    double[] a = gram.clone();
    for (int i = 0; i < width; i++) {
      for (int j = 0; j < i; j++) {
        a[j * width + i] = a[i * width + j];
      }
    }
    return a;
  }
}
