package nibble.quant.quipsharp;

import java.util.Arrays;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.packed.E8Lattice;
import nibble.quant.linalg.NotPositiveDefiniteException;
import nibble.quant.linalg.Triangular;

/**
 * LDLQ with blocks of 8 columns: what a block loses by rounding, later columns repair.
 *
 * <pre>{@code
 * H^-1 = U^T U, U upper triangular         for each block B:   q = nearest(W[:, B]);   W[:, rest] -= (W[:, B] - q) U[B, B]^-1 U[B, rest]
 * }</pre>
 *
 * <p>The update is the least of {@code tr(D H D^T)} over the columns that are not rounded yet; with
 * blocks of one column it is GPTQ.
 */
final class BlockFeedback {
  private static final int B = E8Lattice.DIMENSIONS;
  private static final int MAX_RETRIES = 50;

  private final double[] u;
  private final int n;

  private BlockFeedback(double[] u, int n) {
    this.u = u;
    this.n = n;
  }

  /**
   * For a Hessian {@code h [n, n]}.
   *
   * @param dampening share of the mean diagonal added; doubled until the matrix is positive
   *     definite
   */
  static BlockFeedback of(String name, double[] h, int n, double dampening, WorkSplitter splitter) {
    double mean = 0;
    for (int i = 0; i < n; i++) {
      mean += h[i * n + i] / n;
    }
    mean = mean > 0 ? mean : 1;
    double lambda = dampening * mean;
    for (int retry = 0; retry <= MAX_RETRIES; retry++) {
      double[] damped = h.clone();
      for (int i = 0; i < n; i++) {
        damped[i * n + i] += lambda;
      }
      try {
        return new BlockFeedback(
            Triangular.invertUpper(Triangular.reverseCholesky(damped, n, splitter), n, splitter),
            n);
      } catch (NotPositiveDefiniteException e) {
        lambda = Math.max(2 * lambda, 1e-6 * mean);
      }
    }
    throw new IllegalArgumentException(
        "%s: Hessian is not positive definite even with %s added to its diagonal"
            .formatted(name, lambda));
  }

  /** Rounds 8 numbers and says what they became. */
  @FunctionalInterface
  interface Rounding {
    /**
     * @param block number of the block; {@code values} are replaced by what was stored for them
     */
    void round(int block, double[] values);
  }

  /**
   * Rounds one row, which is changed on the way. A last block with fewer columns is padded by
   * zeros.
   */
  void row(double[] w, Rounding rounding) {
    double[] values = new double[B];
    double[] error = new double[B];
    for (int from = 0; from < n; from += B) {
      int width = Math.min(B, n - from);
      Arrays.fill(values, 0);
      System.arraycopy(w, from, values, 0, width);
      rounding.round(from / B, values);
      for (int i = 0; i < width; i++) {
        error[i] = w[from + i] - values[i];
      }
      spread(w, from, width, error);
    }
  }

  /** {@code W[rest] -= e U[B, B]^-1 U[B, rest]}. */
  private void spread(double[] w, int from, int width, double[] e) {
    for (int j = 0; j < width; j++) {
      for (int i = 0; i < j; i++) {
        e[j] -= e[i] * u[(from + i) * n + from + j];
      }
      e[j] /= u[(from + j) * n + from + j];
    }
    for (int i = 0; i < width; i++) {
      int row = (from + i) * n;
      for (int k = from + width; k < n; k++) {
        w[k] -= e[i] * u[row + k];
      }
    }
  }
}
