package nibble.kernels.rowwise;

/** The specification: everything in double. */
final class ScalarActivations implements Activations {
  private static final double SQRT_HALF = Math.sqrt(0.5);
  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
  private static final double CUBIC = 0.044715;
  private static final double INVERSE_SQRT_2_PI = 1 / Math.sqrt(2 * Math.PI);

  @Override
  public void forward(Activation f, int count, float[] x, int xOffset, float[] out, int outOffset) {
    for (int i = 0; i < count; i++) {
      out[outOffset + i] = (float) value(f, x[xOffset + i]);
    }
  }

  @Override
  public void backward(
      Activation f,
      int count,
      float[] x,
      int xOffset,
      float[] dy,
      int dyOffset,
      float[] dx,
      int dxOffset) {
    for (int i = 0; i < count; i++) {
      dx[dxOffset + i] = (float) (dy[dyOffset + i] * derivative(f, x[xOffset + i]));
    }
  }

  static double value(Activation f, double x) {
    return switch (f) {
      case EXP -> Math.exp(x);
      case SIGMOID -> sigmoid(x);
      case TANH -> Math.tanh(x);
      case RELU -> Math.max(x, 0);
      case SILU -> x == Double.NEGATIVE_INFINITY ? 0 : x * sigmoid(x);
      case GELU -> x == Double.NEGATIVE_INFINITY ? 0 : x * 0.5 * ErrorFunction.erfc(-x * SQRT_HALF);
      case GELU_TANH -> x == Double.NEGATIVE_INFINITY ? 0 : x * sigmoid(2 * inner(x));
    };
  }

  static double derivative(Activation f, double x) {
    return switch (f) {
      case EXP -> Math.exp(x);
      case SIGMOID -> sigmoid(x) * sigmoid(-x);
      case TANH -> 1 - Math.tanh(x) * Math.tanh(x);
      case RELU -> x > 0 ? 1 : x <= 0 ? 0 : x;
      case SILU -> sigmoid(x) * (1 + finite(x) * sigmoid(-x));
      case GELU ->
          0.5 * ErrorFunction.erfc(-x * SQRT_HALF)
              + finite(x) * INVERSE_SQRT_2_PI * Math.exp(-0.5 * x * x);
      case GELU_TANH -> {
        double s = sigmoid(2 * inner(x));
        double slope = SQRT_2_OVER_PI * (1 + 3 * CUBIC * finite(x) * finite(x));
        yield s + finite(x) * 2 * s * sigmoid(-2 * inner(x)) * slope;
      }
    };
  }

  private static double inner(double x) {
    return SQRT_2_OVER_PI * (x + CUBIC * x * x * x);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** Keeps infinity times zero away: beyond this bound every function here is at its limit. */
  private static double finite(double x) {
    return Double.isNaN(x) ? x : Math.clamp(x, -1e30, 1e30);
  }
}
