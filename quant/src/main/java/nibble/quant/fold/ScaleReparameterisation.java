package nibble.quant.fold;

import nibble.nn.site.UniformQuantizer;
import nibble.tensor.Tensor;

/**
 * From an asymmetric quantizer per channel to one per tensor with the same codes (RepQ-ViT, section
 * 3.3, equations 6 to 12):
 *
 * <pre>{@code
 * s~ = mean(s)     z~ = rint(mean(z))     r = s / s~     b = s~ (z~ - z)
 * X' = X / r - b                          so  rint(X' / s~) + z~ = rint(X / s) + z
 * }</pre>
 *
 * <p>Differs from the authors' code, which leaves z~ a fraction, so that codes can be fractions
 * too: it is rounded, as AdaLog does. Channels without any value take the mean scale of the others,
 * and r is at least {@value #SMALLEST_RATIO} (our guards).
 *
 * @param factors {@code a = 1 / r} of each channel
 * @param shifts {@code c = -b} of each channel
 * @param quantizer of X', with one scale
 */
public record ScaleReparameterisation(float[] factors, float[] shifts, UniformQuantizer quantizer) {
  private static final double SMALLEST_RATIO = 1e-3;

  /**
   * @param channels with scales {@code [channels]} and zero points
   * @param empty channels that held zeros only
   */
  public static ScaleReparameterisation of(UniformQuantizer channels, boolean[] empty) {
    float[] s = channels.scales().toFloats();
    Tensor zeroPoints = channels.zeroPoints();
    if (zeroPoints == null || channels.scales().rank() != 1) {
      throw new IllegalArgumentException(
          "a reparameterisation needs an asymmetric quantizer per channel, found "
              + channels.format());
    }
    float[] z = zeroPoints.toFloats();
    double scaleSum = 0;
    double zeroSum = 0;
    int count = 0;
    for (int j = 0; j < s.length; j++) {
      if (!empty[j]) {
        scaleSum += s[j];
        zeroSum += z[j];
        count++;
      }
    }
    float shared = (float) (count == 0 ? s[0] : scaleSum / count);
    float sharedZero = (float) (count == 0 ? z[0] : Math.rint(zeroSum / count));
    float[] factors = new float[s.length];
    float[] shifts = new float[s.length];
    for (int j = 0; j < s.length; j++) {
      double r = empty[j] ? 1 : Math.max(SMALLEST_RATIO, (double) s[j] / shared);
      double zero = empty[j] ? sharedZero : z[j];
      factors[j] = (float) (1 / r);
      shifts[j] = (float) (shared * (zero - sharedZero));
    }
    return new ScaleReparameterisation(
        factors,
        shifts,
        UniformQuantizer.asymmetric(
            channels.bits(), Tensor.scalar(shared), Tensor.scalar(sharedZero)));
  }

  /** Which channels of {@code x [..., channels]} hold zeros only. */
  public static boolean[] emptyChannels(Tensor x) {
    int width = x.dim(-1);
    boolean[] empty = new boolean[width];
    java.util.Arrays.fill(empty, true);
    float[] values = x.toFloats();
    for (int i = 0; i < values.length; i++) {
      empty[i % width] &= values[i] == 0;
    }
    return empty;
  }
}
