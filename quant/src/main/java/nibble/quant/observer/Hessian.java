package nibble.quant.observer;

import org.jspecify.annotations.Nullable;

/**
 * The Hessian of a linear layer's squared output error, {@code H = 2/N X^T X} over the {@code N}
 * tokens that calibration saw.
 *
 * @param name where it was measured
 * @param values {@code [in, in]}, symmetric, row-major; shared, not to be written
 * @param tokens number of tokens, or the sum of their weights
 */
public record Hessian(String name, double[] values, int in, double tokens) {
  public Hessian {
    if (values.length != Math.multiplyExact(in, in)) {
      throw new IllegalArgumentException(
          "%s: Hessian [%d, %d] needs %d values, found %d"
              .formatted(name, in, in, in * in, values.length));
    }
    for (double value : values) {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException(
            "%s: calibration inputs gave a Hessian with %s in it; look for NaN or infinite activations"
                .formatted(name, value));
      }
    }
  }

  /**
   * The Hessian of a layer's inputs, for a method that cannot do without.
   *
   * @throws IllegalArgumentException naming the layer and the method, if there is none
   */
  public static Hessian required(@Nullable Hessian hessian, String layer, String method) {
    if (hessian == null) {
      throw new IllegalArgumentException(
          "%s: %s needs calibration inputs; pass calibration data or choose rtn"
              .formatted(layer, method));
    }
    return hessian;
  }

  /** The error {@code tr(D H D^T)} of a weight change {@code D [out, in]}. */
  public double errorOf(double[] d, int out) {
    double sum = 0;
    for (int row = 0; row < out; row++) {
      for (int i = 0; i < in; i++) {
        double di = d[row * in + i];
        if (di != 0) {
          double inner = 0;
          for (int j = 0; j < in; j++) {
            inner += values[i * in + j] * d[row * in + j];
          }
          sum += di * inner;
        }
      }
    }
    return sum;
  }
}
