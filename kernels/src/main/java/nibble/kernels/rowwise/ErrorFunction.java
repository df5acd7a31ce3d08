package nibble.kernels.rowwise;

/**
 * The error function in double precision, to about 2e-15 relative to the result; the specification
 * of the vector kernels.
 */
public final class ErrorFunction {
  private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

  /** Below this, {@code 1 - erfc(x)} would cancel. */
  private static final double SERIES_LIMIT = 0.5;

  // e^(x^2) erfc(x) = t P(2t - 1), t = K / (K + x), 0 <= x: Chebyshev interpolation of P in 80
  // points (40-digit arithmetic), cut after 21
  // terms where the coefficients reach 1e-15, then written in powers. Even and odd powers apart:
  // two short chains instead of a long one.
  private static final double K = 3.5;

  private static final double[] EVEN = {
    0.31058731121778843,
    0.19831818475278887,
    0.0644967490407804,
    0.007576748558525378,
    -0.0003729586506218261,
    -1.2016984923338202e-05,
    5.325544809196086e-06,
    -9.651437923665807e-07,
    1.5284894051372857e-07,
    -2.1072828530134365e-08,
    1.8239271441280223e-09
  };

  private static final double[] ODD = {
    0.2679427784477551,
    0.12435886477559684,
    0.0263767733397325,
    0.0009077285227949884,
    -0.00020415108695136507,
    2.136207065931201e-05,
    -2.06363770480436e-06,
    2.1891173879872544e-07,
    -2.548216611872435e-08,
    2.2031513451685892e-09
  };

  private ErrorFunction() {}

  /** {@code erf(x) = 2 / sqrt(pi) * integral of e^(-t^2) from 0 to x}. */
  public static double erf(double x) {
    double a = Math.abs(x);
    if (a < SERIES_LIMIT) {
      return series(x);
    }
    return Double.isNaN(x) ? x : Math.copySign(1 - tail(a), x);
  }

  /** {@code 1 - erf(x)}, also accurate where that difference is tiny. */
  public static double erfc(double x) {
    double tail = tail(Math.abs(x));
    return x < 0 ? 2 - tail : tail;
  }

  /**
   * {@code 2 / sqrt(pi) * e^(-x^2) * sum 2^n x^(2n+1) / (1 * 3 * ... * (2n+1))}: all terms have one
   * sign, so nothing cancels.
   */
  private static double series(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > Math.abs(sum) * 0x1p-56; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
  }

  /** {@code erfc(x)} for {@code x >= 0}. */
  private static double tail(double x) {
    double t = K / (K + x);
    double u = 2 * t - 1;
    double square = u * u;
    double even = EVEN[EVEN.length - 1];
    double odd = 0;
    for (int i = ODD.length - 1; i >= 0; i--) {
      even = even * square + EVEN[i];
      odd = odd * square + ODD[i];
    }
    return t * (even + u * odd) * Math.exp(-x * x);
  }
}
