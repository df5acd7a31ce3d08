package nibble.quant.normtweak;

import java.util.Arrays;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.linalg.Cholesky;
import nibble.quant.observer.Hessian;

/**
 * The factor of every channel between a normalisation and the quantized layers that read it, for
 * the least error of their outputs:
 *
 * <pre>{@code
 * min over s   sum over layers |X W^T - X diag(s) Q^T|^2
 * (G + r I) s = b + r 1        G = H o sum Q^T Q       b_j = (H sum W^T Q)_jj       H = X^T X       r = ridge mean(diag G)
 * }</pre>
 *
 * <p>A closed form after a third party's code (Norm Tweaking's paper trains instead). Without a
 * ridge no other factors are better; the ridge pulls to 1.
 */
final class GainFit {
  private final int width;
  private final double[] quantized;
  private final double[] cross;

  /** Of layers with {@code width} inputs. */
  GainFit(int width) {
    this.width = width;
    quantized = new double[width * width];
    cross = new double[width * width];
  }

  /** Adds a layer: float weight W and quantized weight Q, both {@code [out, width]}. */
  void add(float[] w, float[] q) {
    for (int row = 0; row < w.length; row += width) {
      for (int i = 0; i < width; i++) {
        for (int j = 0; j < width; j++) {
          quantized[i * width + j] += (double) q[row + i] * q[row + j];
          cross[i * width + j] += (double) w[row + i] * q[row + j];
        }
      }
    }
  }

  /** s. All 1 where nothing was ever read. */
  double[] solve(Hessian hessian, double ridge, WorkSplitter splitter) {
    double[] h = hessian.values();
    double[] g = new double[h.length];
    double[] b = new double[width];
    double trace = 0;
    for (int i = 0; i < width; i++) {
      for (int j = 0; j < width; j++) {
        g[i * width + j] = h[i * width + j] * quantized[i * width + j];
        b[i] += h[i * width + j] * cross[j * width + i];
      }
      trace += g[i * width + i];
    }
    double r =
        Math.max(
            ridge * trace / width,
            1e-12 * trace
                / width); // a dead channel leaves a zero row: the least ridge keeps it solvable
    if (!(r > 0)) {
      Arrays.fill(b, 1);
      return b;
    }
    for (int i = 0; i < width; i++) {
      g[i * width + i] += r;
      b[i] += r;
    }
    return Cholesky.of(g, width, splitter).solve(b, 1);
  }
}
