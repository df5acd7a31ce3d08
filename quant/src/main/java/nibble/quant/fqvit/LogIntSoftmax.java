package nibble.quant.fqvit;

import nibble.nn.site.LevelQuantizer;
import nibble.quant.range.LogGrid;

/**
 * The log2 codes of log-int-softmax, found without a logarithm from the integer {@code D = round(1
 * / p)}: the position of its leading one, and one more where the next bit is set.
 *
 * <p>Lin, Zhang, Sun, Li, Zhou: <a href="https://arxiv.org/abs/2111.13824">arXiv:2111.13824</a>,
 * section 3.3.
 */
final class LogIntSoftmax {
  private LogIntSoftmax() {}

  /** {@code log2 d}, rounded up from {@code d = 1.5 2^f} on, for d from 1. */
  static int log2Rounded(int d) {
    int floor = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(d);
    return floor > 0 && (d >>> (floor - 1) & 1) == 1 ? floor + 1 : floor;
  }

  /** Levels {@code 2^-k} with the thresholds of {@link #log2Rounded}, and zero below the last. */
  static LevelQuantizer grid(int bits, LogGrid.Zero zero) {
    int exponents = Math.min(zero == LogGrid.Zero.RESERVED ? (1 << bits) - 1 : 1 << bits, 120);
    float[] levels = new float[exponents + 1];
    float[] thresholds = new float[exponents];
    for (int k = 0; k < exponents; k++) {
      levels[exponents - k] = Math.scalb(1f, -k);
      double nextDivisor = k == 0 ? 2 : 3 * Math.pow(2, k - 1);
      thresholds[exponents - 1 - k] = Math.nextUp((float) (1 / (nextDivisor - 0.5)));
    }
    return new LevelQuantizer(levels, thresholds);
  }
}
