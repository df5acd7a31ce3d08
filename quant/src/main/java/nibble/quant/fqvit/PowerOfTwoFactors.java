package nibble.quant.fqvit;

import java.util.Arrays;
import nibble.nn.site.UniformQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Power-of-two factors (PTF): one scale and zero point for the tensor, times a power of two for
 * each channel.
 *
 * <pre>{@code
 * s8 = (max x - min x) / (2^b - 1)     z = clamp(rint(-min x / s8), 0, 2^b - 1)
 * s[j] = s8 2^(a[j] - 3)               a[j] in 0 .. 3 with the least squared error of channel j, clipping included
 * }</pre>
 *
 * <p>Lin, Zhang, Sun, Li, Zhou: <a href="https://arxiv.org/abs/2111.13824">arXiv:2111.13824</a>,
 * section 3.2. a = 3 is the plain quantizer.
 */
final class PowerOfTwoFactors {
  private static final int LARGEST = 3;

  private PowerOfTwoFactors() {}

  /** Of {@code x [rows, channels]}. */
  static UniformQuantizer fit(Tensor x, int bits, Ops ops) {
    float low = 0;
    float high = 0;
    for (float value : x.toFloats()) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    int most = (1 << bits) - 1;
    float plain = high > low ? Math.max((high - low) / most, 8 * Float.MIN_NORMAL) : 1f;
    int zero = Math.clamp((long) Math.rint(-low / plain), 0, most);
    int channels = x.dim(1);
    float[] scales = new float[channels];
    ops.splitter()
        .run(
            channels,
            (channel, scratch) -> {
              double least = Double.POSITIVE_INFINITY;
              for (int a = LARGEST; a >= 0; a--) {
                float scale = plain / (1 << (LARGEST - a));
                double error = error(x, channel, scale, zero, most);
                if (error < least) {
                  least = error;
                  scales[channel] = scale;
                }
              }
            });
    float[] zeroPoints = new float[channels];
    Arrays.fill(zeroPoints, zero);
    return UniformQuantizer.asymmetric(
        bits, Tensor.of(scales, channels), Tensor.of(zeroPoints, channels));
  }

  static double error(Tensor x, int channel, float scale, int zero, int most) {
    int channels = x.dim(1);
    double sum = 0;
    for (int row = 0; row < x.dim(0); row++) {
      float value = x.array()[x.offset() + row * channels + channel];
      double code = Math.max(0, Math.min(most, Math.rint(value / scale) + zero));
      double error = (code - zero) * scale - value;
      sum += error * error;
    }
    return sum;
  }
}
