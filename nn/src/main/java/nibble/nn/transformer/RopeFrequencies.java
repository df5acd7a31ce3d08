package nibble.nn.transformer;

/**
 * Angles per position of the pairs of channels of a rotary embedding; the formulas stand at {@link
 * RopeScaling}.
 */
final class RopeFrequencies {
  private RopeFrequencies() {}

  /** Frequencies of {@code dims / 2} pairs for sequences of {@code length} tokens. */
  static double[] of(int dims, double base, RopeScaling scaling, int length) {
    return switch (scaling) {
      case RopeScaling.None() -> plain(dims, base);
      case RopeScaling.Linear(double factor) -> divided(plain(dims, base), factor);
      case RopeScaling.DynamicNtk s -> plain(dims, dynamicBase(dims, base, s, length));
      case RopeScaling.Yarn s -> yarn(dims, base, s);
      case RopeScaling.Llama3 s -> llama3(plain(dims, base), s);
      case RopeScaling.LongRope s -> longRope(plain(dims, base), s, length);
    };
  }

  /** What cosine and sine are multiplied by. */
  static double amplitude(RopeScaling scaling) {
    return switch (scaling) {
      case RopeScaling.Yarn s -> s.attentionFactor();
      case RopeScaling.LongRope s -> s.attentionFactor();
      default -> 1;
    };
  }

  /** The smallest length that has the same frequencies as {@code length}: a key for tables. */
  static int representative(RopeScaling scaling, int length) {
    return switch (scaling) {
      case RopeScaling.DynamicNtk s -> Math.max(length, s.context());
      case RopeScaling.LongRope s -> length <= s.context() ? 1 : s.context() + 1;
      default -> 1;
    };
  }

  private static double[] plain(int dims, double base) {
    double[] theta = new double[dims / 2];
    for (int i = 0; i < theta.length; i++) {
      theta[i] = Math.pow(base, -2.0 * i / dims);
    }
    return theta;
  }

  private static double[] divided(double[] theta, double factor) {
    for (int i = 0; i < theta.length; i++) {
      theta[i] /= factor;
    }
    return theta;
  }

  private static double dynamicBase(int dims, double base, RopeScaling.DynamicNtk s, int length) {
    double stretch = s.factor() * Math.max(length, s.context()) / s.context() - (s.factor() - 1);
    return base * Math.pow(stretch, dims / (dims - 2.0));
  }

  private static double[] yarn(int dims, double base, RopeScaling.Yarn s) {
    double low = correction(dims, base, s.context(), s.betaFast());
    double high = correction(dims, base, s.context(), s.betaSlow());
    if (s.truncate()) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, dims - 1);
    if (low == high) {
      high += 0.001; // the ramp is a step
    }
    double[] theta = plain(dims, base);
    for (int i = 0; i < theta.length; i++) {
      double ramp = Math.clamp((i - low) / (high - low), 0, 1);
      theta[i] = theta[i] * (1 - ramp) + theta[i] / s.factor() * ramp;
    }
    return theta;
  }

  /** The pair that turns {@code turns} times within {@code context} tokens. */
  private static double correction(int dims, double base, int context, double turns) {
    return dims * Math.log(context / (turns * 2 * Math.PI)) / (2 * Math.log(base));
  }

  private static double[] llama3(double[] theta, RopeScaling.Llama3 s) {
    double longest = s.context() / s.lowFrequencyFactor();
    double shortest = s.context() / s.highFrequencyFactor();
    for (int i = 0; i < theta.length; i++) {
      double wavelength = 2 * Math.PI / theta[i];
      if (wavelength > longest) {
        theta[i] /= s.factor();
      } else if (wavelength >= shortest) {
        double smooth =
            (s.context() / wavelength - s.lowFrequencyFactor())
                / (s.highFrequencyFactor() - s.lowFrequencyFactor());
        theta[i] = (1 - smooth) * theta[i] / s.factor() + smooth * theta[i];
      }
    }
    return theta;
  }

  private static double[] longRope(double[] theta, RopeScaling.LongRope s, int length) {
    var factors = length > s.context() ? s.longFactors() : s.shortFactors();
    if (factors.size() != theta.length) {
      throw new IllegalArgumentException(
          "short_factor and long_factor need %d numbers, have %d"
              .formatted(theta.length, factors.size()));
    }
    for (int i = 0; i < theta.length; i++) {
      theta[i] /= factors.get(i);
    }
    return theta;
  }
}
