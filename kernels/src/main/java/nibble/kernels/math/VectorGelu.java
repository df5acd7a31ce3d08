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
  private static final float C1 = -0.067126818f;
  private static final float C2 = 0.0496457852f;
  private static final float C3 = -0.0397634134f;
  private static final float C4 = 0.0320314392f;
  private static final float C5 = -0.0250419322f;
  private static final float C6 = 0.0185386483f;
  private static final float C7 = -0.0127752507f;
  private static final float C8 = 0.00841787085f;
  private static final float C9 = -0.00544851972f;
  private static final float C10 = 0.00289236126f;
  private static final float C11 = -0.00103953469f;
  private static final float C12 = 0.000664732244f;
  private static final float C13 = -0.000656583812f;
  private static final float C14 = 0.00023995011f;

  private static final float TANH_BOUND = 5;
  private static final float TANH_SLOPE = 2 / (TANH_BOUND * TANH_BOUND);
  private static final float D0 = 0.141378537f;
  private static final float D1 = -0.070365943f;
  private static final float D2 = 0.0516539812f;
  private static final float D3 = -0.0405362323f;
  private static final float D4 = 0.0314068496f;
  private static final float D5 = -0.0230865888f;
  private static final float D6 = 0.0156305041f;
  private static final float D7 = -0.0100518307f;
  private static final float D8 = 0.00709789433f;
  private static final float D9 = -0.00430164114f;
  private static final float D10 = 0.000480189192f;
  private static final float D11 = -2.45863648e-05f;
  private static final float D12 = 0.00234667398f;
  private static final float D13 = -0.0015939232f;
  private static final float D14 = -0.000523366616f;
  private static final float D15 = 0.000489475613f;

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
