package nibble.nn.train;

import java.util.List;
import nibble.kernels.rowwise.Elementwise;
import nibble.kernels.rowwise.Reductions;
import nibble.tensor.Tensor;

/** Gradient clipping. */
public final class GradientClip {
  private static final int PIECE = 1024;

  private GradientClip() {}

  /**
   * Returns the Euclidean norm of all gradients together, and scales them in place to {@code
   * maxNorm} if it is larger. Parameters without a gradient count as 0. A norm that is not finite
   * leaves the gradients as they are: the caller decides whether to skip the step.
   */
  public static double byGlobalNorm(List<Tensor> parameters, double maxNorm) {
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException("the largest norm must be positive, was " + maxNorm);
    }
    double squares = 0;
    for (Tensor parameter : parameters) {
      Tensor grad = parameter.grad();
      squares += grad == null ? 0 : sumOfSquares(grad);
    }
    double norm = Math.sqrt(squares);
    if (norm > maxNorm && Double.isFinite(norm)) {
      for (Tensor parameter : parameters) {
        Tensor grad = parameter.grad();
        if (grad != null) {
          Elementwise.best()
              .scale(
                  (int) grad.size(),
                  (float) (maxNorm / norm),
                  grad.array(),
                  grad.offset(),
                  grad.array(),
                  grad.offset());
        }
      }
    }
    return norm;
  }

  private static double sumOfSquares(Tensor x) {
    double sum = 0;
    int size = (int) x.size();
    for (int at = 0; at < size; at += PIECE) {
      sum += Reductions.best().sumOfSquares(Math.min(PIECE, size - at), x.array(), x.offset() + at);
    }
    return sum;
  }
}
