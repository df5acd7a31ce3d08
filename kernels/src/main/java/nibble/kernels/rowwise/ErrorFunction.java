package nibble.kernels.rowwise;

/** The error function in double precision, to about 1e-15. Slow; the specification of the vector kernels. */
public final class ErrorFunction {
  private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);
  private static final double SERIES_LIMIT = 2.5;
  private static final int FRACTION_TERMS = 60;

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
    if (Math.abs(x) < SERIES_LIMIT) {
      return x < 0.5 ? 1 - series(x) : tail(x);
    }
    return Double.isNaN(x) ? x : x > 0 ? tail(x) : 2 - tail(-x);
  }

  /** {@code 2 / sqrt(pi) * e^(-x^2) * sum 2^n x^(2n+1) / (1 * 3 * ... * (2n+1))}: all terms have one sign, so nothing cancels. */
  private static double series(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > Math.abs(sum) * 0x1p-56; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
  }

  /** The continued fraction {@code e^(-x^2) / sqrt(pi) / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ...))))}, for x well above 0. */
  private static double tail(double x) {
    double f = x;
    int terms = x < SERIES_LIMIT ? FRACTION_TERMS * 16 : FRACTION_TERMS;
    for (int n = terms; n > 0; n--) {
      f = x + n * 0.5 / f;
    }
    return Math.exp(-x * x) / (Math.sqrt(Math.PI) * f);
  }
}
