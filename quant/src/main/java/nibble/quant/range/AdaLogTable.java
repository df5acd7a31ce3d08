package nibble.quant.range;

import java.util.Optional;
import nibble.nn.site.LevelQuantizer;

/**
 * The values of a logarithmic code as tables of integers: for base {@code 2^(q / r)}, r = {@value
 * #R}, and code k
 *
 * <pre>{@code
 * k q = r E[k] + F[k]          0 <= F[k] < r
 * x^ = s T[k] 2^-E[k]          T[k] = 2^(-F[k] / r), rounded to a multiple of 1 / (4 n - 2), n = 2^(b-1)
 * }</pre>
 *
 * <p>Wu, Chen, Zhong, Huang, Wang: <a href="https://arxiv.org/abs/2407.12951">arXiv:2407.12951</a>,
 * section 3.3.
 *
 * @param bits of a code
 * @param q numerator of the exponent, from {@value #LEAST_Q} to {@value #LARGEST_Q} in the paper's
 *     search
 */
public record AdaLogTable(int bits, int q) {
  /** Denominator of the exponent: a fixed prime. */
  public static final int R = 37;

  /** The smallest base of the paper's search. */
  public static final int LEAST_Q = 10;

  /** The largest one. */
  public static final int LARGEST_Q = 138;

  public AdaLogTable {
    if (bits < 2 || bits > 8 || q < 1) {
      throw new IllegalArgumentException(
          "a table needs 2 to 8 bits and a positive q, found %d and %d".formatted(bits, q));
    }
  }

  /** Power of two of code {@code k}: a shift. */
  public int shift(int k) {
    return k * q / R;
  }

  /** Numerator of {@code T[k]} over {@link #denominator}. */
  public int fraction(int k) {
    return (int) Math.rint(Math.pow(2, -(double) (k * q % R) / R) * denominator());
  }

  /** Common denominator of the fractions. */
  public int denominator() {
    return 4 * (1 << (bits - 1)) - 2;
  }

  /** {@code T[k] 2^-E[k]}. */
  public double value(int k) {
    return Math.scalb((double) fraction(k) / denominator(), -shift(k));
  }

  /**
   * The quantizer with scale {@code s}, of {@code x - offset}: levels are the table's, codes change
   * where the exact powers round.
   *
   * @param offset added to every level: the negated shift of GELU
   * @return empty if rounding of the table makes neighbouring levels equal or swaps them
   */
  public Optional<LevelQuantizer> quantizer(float s, float offset, LogGrid.Zero zero) {
    int exponents = zero == LogGrid.Zero.RESERVED ? (1 << bits) - 1 : 1 << bits;
    while (exponents > 1 && !isDistinct(s, offset, exponents - 1)) {
      exponents--; // a float cannot tell it from its neighbours
    }
    int first = zero == LogGrid.Zero.NONE ? 0 : 1;
    float[] levels = new float[exponents + first];
    float[] thresholds = new float[levels.length - 1];
    levels[0] = offset; // zero; without a zero code the loop overwrites it
    for (int k = 0; k < exponents; k++) {
      levels[levels.length - 1 - k] = (float) (s * value(k)) + offset;
      int at = thresholds.length - 1 - k;
      if (at >= 0) {
        thresholds[at] = (float) (s * Math.pow(2, -(k + 0.5) * q / R)) + offset;
      }
    }
    for (int i = 0; i < thresholds.length; i++) {
      if (!(levels[i] < levels[i + 1]
          && thresholds[i] >= levels[i]
          && thresholds[i] <= levels[i + 1])) {
        return Optional.empty();
      }
    }
    return Optional.of(new LevelQuantizer(levels, thresholds));
  }

  private boolean isDistinct(float s, float offset, int k) {
    double value = s * value(k);
    float level = (float) value + offset;
    return value >= 4 * Float.MIN_NORMAL
        && level > offset
        && (float) (s * value(k - 1)) + offset > level;
  }
}
