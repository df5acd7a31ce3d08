package nibble.quant.mptqvit;

import java.util.Arrays;

/**
 * SQ-b: takes the centre out of every channel before channels are smoothed, so that a symmetric
 * grid loses no code.
 *
 * <pre>{@code
 * c[j] = (max x[:, j] + min x[:, j]) / 2     a[j] = max |x[:, j] - c[j]|     k[j] = a[j]^alpha / (max |W[:, j]|)^(1 - alpha)
 * x' = (x - c) / k      W' = W k      u' = u + W c
 * }</pre>
 *
 * <p>Inferred from the abstract of MPTQ-ViT; the smoothing is SmoothQuant's.
 *
 * @param factors {@code 1 / k}
 * @param shifts {@code -c / k}
 */
record SmoothBias(float[] factors, float[] shifts) {

  /**
   * @param x {@code [rows, channels]}, row-major
   * @param weight largest magnitude of each channel's weights over all layers that read it
   */
  static SmoothBias of(float[] x, float[] weight, double alpha) {
    int channels = weight.length;
    float[] hi = new float[channels];
    float[] lo = new float[channels];
    Arrays.fill(hi, Float.NEGATIVE_INFINITY);
    Arrays.fill(lo, Float.POSITIVE_INFINITY);
    for (int i = 0; i < x.length; i++) {
      hi[i % channels] = Math.max(hi[i % channels], x[i]);
      lo[i % channels] = Math.min(lo[i % channels], x[i]);
    }
    float[] factors = new float[channels];
    float[] shifts = new float[channels];
    for (int j = 0; j < channels; j++) {
      double centre = 0.5 * hi[j] + 0.5 * lo[j];
      double reach = hi[j] - centre;
      boolean silent = !(reach > 1e-8) || !(weight[j] > 0);
      double k =
          silent ? 1 : Math.pow(reach, alpha) / Math.pow(Math.max(weight[j], 1e-5), 1 - alpha);
      factors[j] = (float) (1 / Math.clamp(k, 1e-4, 1e4));
      shifts[j] = (float) (-centre * factors[j]);
    }
    return new SmoothBias(factors, shifts);
  }
}
