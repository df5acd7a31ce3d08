package nibble.kernels.lowbit;

/** The activation levels of one row, by plain loops: the specification of {@link ActivationQuantizer}. */
final class RowLevels {
  private RowLevels() {}

  /** Writes {@code q - z} of {@code x[offset .. offset + n)} to {@code levels[0 .. n)} and returns the scale. */
  static float quantize(ActivationQuantizer quantizer, float[] x, int offset, int n, int[] levels) {
    float scale;
    int low;
    int high;
    switch (quantizer) {
      case ActivationQuantizer.PerToken q when q.symmetric() -> {
        scale = symmetricScale(q, maxAbs(x, offset, n));
        low = -(1 << (q.bits() - 1));
        high = (1 << (q.bits() - 1)) - 1;
      }
      case ActivationQuantizer.PerToken q -> {
        float min = 0;
        float max = 0;
        for (int i = 0; i < n; i++) {
          min = Math.min(min, x[offset + i]);
          max = Math.max(max, x[offset + i]);
        }
        scale = asymmetricScale(q, min, max);
        int zero = asymmetricZeroPoint(q, min, max);
        low = -zero;
        high = (1 << q.bits()) - 1 - zero;
      }
      case ActivationQuantizer.PerTensor q -> {
        scale = q.scale();
        low = lowest(q);
        high = highest(q);
      }
    }
    for (int i = 0; i < n; i++) {
      levels[i] = level(x[offset + i], scale, low, high);
    }
    return scale;
  }

  /** {@code clamp(rint(x / s) + z, qmin, qmax) - z} with {@code low = qmin - z}, {@code high = qmax - z}; 0 for NaN. */
  static int level(float x, float scale, int low, int high) {
    return (int) Math.clamp(Math.rint(x / scale), low, high);
  }

  static float symmetricScale(ActivationQuantizer.PerToken q, float maxAbs) {
    int top = (1 << (q.bits() - 1)) - 1;
    float scale = q.clip() * maxAbs / top;
    return scale == 0 ? 1f / top : scale;
  }

  static float asymmetricScale(ActivationQuantizer.PerToken q, float min, float max) {
    int steps = (1 << q.bits()) - 1;
    float scale = (q.clip() * max - q.clip() * min) / steps;
    return scale == 0 ? 2f / steps : scale;
  }

  static int asymmetricZeroPoint(ActivationQuantizer.PerToken q, float min, float max) {
    int steps = (1 << q.bits()) - 1;
    float scale = (q.clip() * max - q.clip() * min) / steps;
    float low = scale == 0 ? -1 : q.clip() * min;
    return Math.clamp((int) Math.rint(-low / asymmetricScale(q, min, max)), 0, steps);
  }

  static int lowest(ActivationQuantizer.PerTensor q) {
    return q.symmetric() ? -(1 << (q.bits() - 1)) : -q.zeroPoint();
  }

  static int highest(ActivationQuantizer.PerTensor q) {
    return q.symmetric() ? (1 << (q.bits() - 1)) - 1 : (1 << q.bits()) - 1 - q.zeroPoint();
  }

  static float maxAbs(float[] x, int offset, int n) {
    float max = 0;
    for (int i = 0; i < n; i++) {
      max = Math.max(max, Math.abs(x[offset + i]));
    }
    return max;
  }
}
