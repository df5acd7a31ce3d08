package nibble.quant.stiefel;

import nibble.quant.linalg.LinearSystem;
import nibble.quant.linalg.Qr;

/**
 * Gradient descent along Cayley transforms, as SpinQuant learns its rotations.
 *
 * <p>Li, Li, Todorovic: Efficient Riemannian optimization on the Stiefel manifold via the Cayley
 * transform, <a href="https://arxiv.org/abs/2002.01113">arXiv:2002.01113</a>, Algorithm 1; Liu and
 * others: SpinQuant, <a href="https://arxiv.org/abs/2405.16406">arXiv:2405.16406</a>.
 *
 * <pre>{@code
 * X = P^T        V = momentum V - (dL/dP)^T        A = V X^T - X (X^T V X^T) / 2        S = A - A^T
 * t = min(rate, 1 / (|S|_1 + 1e-8))                |S|_1: largest sum of magnitudes of a column
 * exact:         Y = (I - t/2 S)^-1 (I + t/2 S) X
 * fixed point:   Y = X + t V;  repeat: Y = X + t/2 S (X + Y)
 * P = Y^T        V = S X
 * }</pre>
 *
 * <p>The exact form is orthogonal to rounding for any S. The fixed point drifts; a matrix that is
 * further than 1e-6 from orthogonal is brought back by a QR factorization (the authors' code does
 * so at random, one step in a hundred). Cost: some {@code n^3} a step.
 *
 * @param momentum share of the last direction that is kept (SpinQuant: 0)
 * @param iterations of the fixed point (SpinQuant: 5); 0 solves exactly
 */
public record CayleySgd(double momentum, int iterations) implements StiefelRule {
  /** Without momentum, solved exactly. */
  public static final CayleySgd EXACT = new CayleySgd(0, 0);

  private static final double DRIFT = 1e-6;
  private static final double EPSILON = 1e-8;

  public CayleySgd {
    if (!(momentum >= 0 && momentum < 1) || iterations < 0) {
      throw new IllegalArgumentException(
          "momentum must be in [0, 1) and iterations not negative, were %s and %d"
              .formatted(momentum, iterations));
    }
  }

  @Override
  public Moved step(double[] p, double[] gradient, int n, double rate, Memory memory) {
    if (rate == 0) {
      return new Moved(p, memory);
    }
    double[] x = SquareMatrix.transposed(p, n);
    double[] v = new double[n * n];
    double[] g = SquareMatrix.transposed(gradient, n);
    for (int i = 0; i < v.length; i++) {
      v[i] = momentum * memory.first()[i] - g[i];
    }
    double[] s = skew(p, x, v, n);
    double t = Math.min(rate, 1 / (SquareMatrix.columnNorm(s, n) + EPSILON));
    double[] y = iterations == 0 ? exact(x, s, t, n) : fixedPoint(x, v, s, t, n);
    return new Moved(
        SquareMatrix.transposed(y, n),
        new Memory(SquareMatrix.product(s, x, n), 0, memory.steps() + 1));
  }

  /** S of the class comment; {@code x} is the transpose of {@code p}. */
  private static double[] skew(double[] p, double[] x, double[] v, int n) {
    double[] vp = SquareMatrix.product(v, p, n);
    double[] a =
        SquareMatrix.plus(vp, -0.5, SquareMatrix.product(x, SquareMatrix.product(p, vp, n), n));
    return SquareMatrix.plus(a, -1, SquareMatrix.transposed(a, n));
  }

  private static double[] exact(double[] x, double[] s, double t, int n) {
    double[] one = SquareMatrix.identity(n);
    double[] right = SquareMatrix.product(SquareMatrix.plus(one, t / 2, s), x, n);
    return LinearSystem.solve(SquareMatrix.plus(one, -t / 2, s), right, n, n);
  }

  private double[] fixedPoint(double[] x, double[] v, double[] s, double t, int n) {
    double[] y = SquareMatrix.plus(x, t, v);
    for (int i = 0; i < iterations; i++) {
      y = SquareMatrix.plus(x, t / 2, SquareMatrix.product(s, SquareMatrix.plus(x, 1, y), n));
    }
    return SquareMatrix.deviation(y, n) > DRIFT ? Qr.of(y, n, n).q() : y;
  }
}
