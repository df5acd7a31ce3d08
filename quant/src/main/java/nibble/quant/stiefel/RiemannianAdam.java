package nibble.quant.stiefel;

import nibble.quant.linalg.Qr;

/**
 * Adam on orthogonal matrices, as OSTQuant learns its rotations.
 *
 * <p>Bécigneul, Ganea: <a href="https://arxiv.org/abs/1810.00760">arXiv:1810.00760</a>; Hu and
 * others: OSTQuant, <a href="https://arxiv.org/abs/2501.13987">arXiv:2501.13987</a>.
 *
 * <pre>{@code
 * g = G - P sym(P^T G)                                  the part of the gradient in the tangent space
 * m = beta1 m + (1 - beta1) g       v = beta2 v + (1 - beta2) |g|_F^2 / n
 * P = qf(P - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon))
 * m = m - P sym(P^T m)                                  carried to the new tangent space
 * }</pre>
 *
 * <p>{@code qf} is the factor Q of a QR factorization with positive diagonal. The second moment is
 * one number for each matrix, so that the step stays in the tangent space; divided by n, so that
 * the rate is about the angle in radians by which a step turns each column (our choice of unit).
 */
public record RiemannianAdam(double beta1, double beta2, double epsilon) implements StiefelRule {
  /** The usual constants. */
  public static final RiemannianAdam DEFAULTS = new RiemannianAdam(0.9, 0.999, 1e-8);

  public RiemannianAdam {
    if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1) || !(epsilon > 0)) {
      throw new IllegalArgumentException(
          "betas must be in [0, 1) and epsilon positive, were %s, %s, %s"
              .formatted(beta1, beta2, epsilon));
    }
  }

  @Override
  public Moved step(double[] p, double[] gradient, int n, double rate, Memory memory) {
    if (rate == 0) {
      return new Moved(p, memory);
    }
    double[] g = tangent(p, gradient, n);
    double square = 0;
    for (double value : g) {
      square += value * value;
    }
    int t = memory.steps() + 1;
    double second = beta2 * memory.second() + (1 - beta2) * square / n;
    double[] first = new double[n * n];
    for (int i = 0; i < first.length; i++) {
      first[i] = beta1 * memory.first()[i] + (1 - beta1) * g[i];
    }
    double factor =
        rate / (1 - Math.pow(beta1, t)) / (Math.sqrt(second / (1 - Math.pow(beta2, t))) + epsilon);
    double[] moved = Qr.of(SquareMatrix.plus(p, -factor, first), n, n).q();
    return new Moved(moved, new Memory(tangent(moved, first, n), second, t));
  }

  /** {@code G - P sym(P^T G)}: the projection to the tangent space at {@code p}. */
  static double[] tangent(double[] p, double[] g, int n) {
    double[] inner = SquareMatrix.product(SquareMatrix.transposed(p, n), g, n);
    double[] symmetric = SquareMatrix.plus(inner, 1, SquareMatrix.transposed(inner, n));
    return SquareMatrix.plus(g, -0.5, SquareMatrix.product(p, symmetric, n));
  }
}
