package nibble.quant.smoothquant;

/** The formula of SmoothQuant. */
final class Smoothing {
  /** The authors' code has this floor for weights and for the result. */
  private static final double FLOOR = 1e-5;

  private Smoothing() {}

  /**
   * {@code s_j = max(a_j^alpha / w_j^(1 - alpha), 1e-5)}, with {@code w_j} at least 1e-5.
   *
   * @param a largest absolute activation of each channel; a channel that was never active keeps s =
   *     1 (the authors' code would divide it by the floor)
   * @param w largest absolute weight of each column
   */
  static float[] scales(float[] a, float[] w, double alpha) {
    float[] s = new float[a.length];
    for (int j = 0; j < s.length; j++) {
      double scale = Math.pow(a[j], alpha) / Math.pow(Math.max(w[j], FLOOR), 1 - alpha);
      s[j] = a[j] == 0 ? 1 : (float) Math.max(scale, FLOOR);
    }
    return s;
  }
}
