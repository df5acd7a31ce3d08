package nibble.kernels.math;

import jdk.incubator.vector.FloatVector;

/**
 * {@code x Phi(x)}, and its tanh form, without exponential and division: {@code Phi(x) = 1/2 + x
 * G(t)} with {@code t = 2 x^2 / b^2 - 1} and a polynomial G for {@code |x| <= b}. In t the
 * coefficients fall off, so nothing cancels. Weighted least squares, repeated until the error is
 * level (Lawson's algorithm); with the rounding of the evaluation the result is within 0.6 (tanh
 * form: 0.7) * 2^-22 max(1, |x|). Below -b the result stays within 1e-6 of 0.
 *
 * <p>All methods are kept small, so that they are always inlined.
 */
public final class VectorGelu {
  private static final float BOUND = 5.25f;
  private static final float SLOPE = 2 / (BOUND * BOUND);
  private static final float C0 = 0.13465935f;
  private static final float C1 = -0.06712682f;
  private static final float C2 = 0.049645785f;
  private static final float C3 = -0.039763413f;
  private static final float C4 = 0.03203144f;
  private static final float C5 = -0.025041932f;
  private static final float C6 = 0.018538648f;
  private static final float C7 = -0.012775251f;
  private static final float C8 = 0.008417871f;
  private static final float C9 = -0.0054485197f;
  private static final float C10 = 0.0028923613f;
  private static final float C11 = -0.0010395347f;
  private static final float C12 = 0.00066473224f;
  private static final float C13 = -0.0006565838f;
  private static final float C14 = 0.00023995011f;

  private static final float TANH_BOUND = 5;
  private static final float TANH_SLOPE = 2 / (TANH_BOUND * TANH_BOUND);
  private static final float D0 = 0.14137854f;
  private static final float D1 = -0.07036594f;
  private static final float D2 = 0.05165398f;
  private static final float D3 = -0.040536232f;
  private static final float D4 = 0.03140685f;
  private static final float D5 = -0.023086589f;
  private static final float D6 = 0.015630504f;
  private static final float D7 = -0.010051831f;
  private static final float D8 = 0.0070978943f;
  private static final float D9 = -0.004301641f;
  private static final float D10 = 0.0004801892f;
  private static final float D11 = -0.000024586365f;
  private static final float D12 = 0.002346674f;
  private static final float D13 = -0.0015939232f;
  private static final float D14 = -0.0005233666f;
  private static final float D15 = 0.0004894756f;

  private VectorGelu() {}

  /** {@code x Phi(x)}. */
  public static FloatVector gelu(FloatVector x) {
    return bounded(VectorMath.atLeast(x, -BOUND));
  }

  private static FloatVector bounded(FloatVector x) {
    FloatVector bounded = VectorMath.atMost(x, BOUND);
    return x.mul(
        bounded.fma(
            polynomial(
                bounded.mul(bounded).fma(VectorMath.broadcast(SLOPE), VectorMath.broadcast(-1))),
            VectorMath.broadcast(0.5f)));
  }

  /** One Horner step. */
  private static FloatVector next(FloatVector sum, FloatVector t, float coefficient) {
    return sum.fma(t, VectorMath.broadcast(coefficient));
  }

  private static FloatVector polynomial(FloatVector t) {
    return low(middle(high(t), t), t);
  }

  private static FloatVector high(FloatVector t) {
    return next(next(next(next(VectorMath.broadcast(C14), t, C13), t, C12), t, C11), t, C10);
  }

  private static FloatVector middle(FloatVector s, FloatVector t) {
    return next(next(next(next(next(s, t, C9), t, C8), t, C7), t, C6), t, C5);
  }

  private static FloatVector low(FloatVector s, FloatVector t) {
    return next(next(next(next(next(s, t, C4), t, C3), t, C2), t, C1), t, C0);
  }

  /** {@code x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2}. */
  public static FloatVector geluTanh(FloatVector x) {
    return boundedTanh(VectorMath.atLeast(x, -TANH_BOUND));
  }

  private static FloatVector boundedTanh(FloatVector x) {
    FloatVector bounded = VectorMath.atMost(x, TANH_BOUND);
    return x.mul(
        bounded.fma(
            tanhPolynomial(
                bounded
                    .mul(bounded)
                    .fma(VectorMath.broadcast(TANH_SLOPE), VectorMath.broadcast(-1))),
            VectorMath.broadcast(0.5f)));
  }

  private static FloatVector tanhPolynomial(FloatVector t) {
    return tanhLow(tanhMiddle(tanhHigh(t), t), t);
  }

  private static FloatVector tanhHigh(FloatVector t) {
    return next(
        next(next(next(next(VectorMath.broadcast(D15), t, D14), t, D13), t, D12), t, D11), t, D10);
  }

  private static FloatVector tanhMiddle(FloatVector s, FloatVector t) {
    return next(next(next(next(next(s, t, D9), t, D8), t, D7), t, D6), t, D5);
  }

  private static FloatVector tanhLow(FloatVector s, FloatVector t) {
    return next(next(next(next(next(s, t, D4), t, D3), t, D2), t, D1), t, D0);
  }
}
